"""People's own accounts at Spotify: OAuth with a proof key, as its Web API's authorization guide has it."""

from typing import Any
from urllib.parse import urlencode

from patchbay.adapters.web.spotify import CATALOGUE
from patchbay.domain.errors import CatalogueFailed, Unauthenticated
from patchbay.ports import SongGrant

SCOPES = "playlist-read-private playlist-read-collaborative user-library-read"
_TIMEOUT_S = 6
_MAX_NAME_CHARS = 200


class SpotifyAccounts:
    """The song-accounts port."""

    catalogue = CATALOGUE

    def __init__(self, client_id: str, client_secret: str, *, api_url: str, accounts_url: str) -> None:
        self._id, self._secret = client_id, client_secret
        self._api_url, self._accounts_url = api_url.rstrip("/"), accounts_url.rstrip("/")

    def consent_url(self, state: str, challenge: str, redirect_uri: str) -> str:
        """See `SongAccounts`."""
        asked = {
            "client_id": self._id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "state": state,
            "scope": SCOPES,
            "code_challenge_method": "S256",
            "code_challenge": challenge,
        }
        return f"{self._accounts_url}/authorize?{urlencode(asked)}"

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> SongGrant:
        """See `SongAccounts`."""
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        try:
            return self._granted(given, "")
        except Unauthenticated:
            raise CatalogueFailed("Spotify does not know the consent any more; begin again") from None

    def refresh(self, refresh_token: str) -> SongGrant:
        """See `SongAccounts`."""
        return self._granted({"grant_type": "refresh_token", "refresh_token": refresh_token}, refresh_token)

    def owner(self, access_token: str) -> tuple[str, str]:
        """See `SongAccounts`."""
        headers = {"authorization": f"Bearer {access_token}"}
        status, told = self._call("get", f"{self._api_url}/me", headers=headers)
        if status != 200 or not isinstance(told.get("id"), str):
            raise CatalogueFailed("Spotify does not say whose account it is; try again later")
        name = told.get("display_name")
        return told["id"][:_MAX_NAME_CHARS], (name if isinstance(name, str) else told["id"])[:_MAX_NAME_CHARS]

    def _granted(self, given: dict[str, str], refresh_token: str) -> SongGrant:
        url = f"{self._accounts_url}/api/token"
        status, told = self._call("post", url, data=given, auth=(self._id, self._secret))
        if status == 400 and told.get("error") == "invalid_grant":
            raise Unauthenticated("Spotify does not take the consent any more")
        try:
            # A refresh answers a new refresh token only now and then; the old one goes on until it does.
            kept = str(told.get("refresh_token") or refresh_token)
            granted = SongGrant(str(told["access_token"]), kept, int(told["expires_in"]))
        except (KeyError, TypeError, ValueError):
            raise CatalogueFailed("Spotify refuses this deployment's credentials; its operator can mend that") from None
        if status != 200 or not granted.refresh_token:
            raise CatalogueFailed("Spotify answered what cannot be understood")
        return granted

    def _call(self, method: str, url: str, **given: Any) -> tuple[int, dict[str, Any]]:
        import requests

        try:
            answer = requests.request(method, url, timeout=_TIMEOUT_S, allow_redirects=False, **given)
            told = answer.json()
        except (requests.RequestException, ValueError):
            raise CatalogueFailed("Spotify does not answer; try again later") from None
        if answer.status_code >= 500 or not isinstance(told, dict):
            raise CatalogueFailed("Spotify does not answer as it should; try again later")
        return answer.status_code, told
