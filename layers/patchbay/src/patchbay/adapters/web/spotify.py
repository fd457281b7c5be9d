"""Spotify's catalogue, through spotipy, with the operator's own credentials."""

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from patchbay.domain.errors import CatalogueFailed, NotFound, UnknownAddress
from patchbay.domain.songs import MAX_TEXT_CHARS, Facts, Listing

if TYPE_CHECKING:
    from spotipy import Spotify as Client

CATALOGUE = "spotify"
MAX_SONGS = 200
"""Most songs of one album or playlist."""
_ID = r"(?P<kind>track|album|playlist)[/:](?P<id>[0-9A-Za-z]{22})"
_ADDRESS = re.compile(rf"(?:https?://open\.spotify\.com/(?:intl-[a-z]{{2,5}}/)?(?:embed/)?|spotify:){_ID}/?(?:[?#].*)?")
_TIMEOUT_S = 6
_NEVER = (0,)
"""Statuses after which a call is made again."""


class Spotify:
    """The catalogue port."""

    def __init__(self, client_id: str, client_secret: str, *, api_url: str, accounts_url: str) -> None:
        self._id, self._secret = client_id, client_secret
        self._api_url, self._accounts_url = api_url, accounts_url

    def lookup(self, url: str, *, access_token: str = "") -> Listing:
        """See `SongCatalogue`."""
        if access_token:
            own = copy.copy(self)
            own.__dict__["_client"] = self._made(auth=access_token)
            return own.lookup(url)
        found = _ADDRESS.fullmatch(url.strip())
        if found is None:
            raise UnknownAddress("that is no address of a track, an album or a playlist at Spotify", field="url")
        kind, item_id = found["kind"], found["id"]
        try:
            match kind:
                case "track":
                    songs: tuple[Facts, ...] = (_facts(self._call("track", item_id)),)
                    return Listing(kind="track", title=songs[0].title, songs=songs)
                case "album":
                    album = self._call("album", item_id)
                    parts = self._pages(album["tracks"])
                    songs = tuple(_facts({**part, "album": album}) for part in parts)
                    return Listing(kind="album", title=_text(album["name"]), songs=songs)
                case _:
                    playlist = self._call("playlist", item_id)
                    entries = (entry.get("track") for entry in self._pages(playlist["tracks"]))
                    # Entries can be podcasts, files of the list's owner, or songs that were taken away.
                    tracks = (track for track in entries if track and track.get("type") == "track" and track.get("id"))
                    songs = tuple(_facts(track) for track in tracks)
                    return Listing(kind="playlist", title=_text(playlist["name"]), songs=songs)
        except (KeyError, TypeError, AttributeError, IndexError, ValidationError):
            raise CatalogueFailed("Spotify answered what cannot be understood") from None

    def _pages(self, page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        count = 0
        while True:
            for item in page["items"]:
                yield item
                count += 1
                if count == MAX_SONGS:
                    return
            if not page.get("next"):
                return
            page = self._call("next", page)

    def _call(self, verb: str, *given: Any) -> Any:
        import requests
        from spotipy.exceptions import SpotifyException
        from spotipy.oauth2 import SpotifyOauthError

        try:
            return getattr(self._client, verb)(*given)
        except SpotifyException as error:
            if error.http_status in {400, 404}:
                raise NotFound("Spotify has nothing at that address") from None
            raise CatalogueFailed(f"Spotify answered {error.http_status}; try again later") from None
        except SpotifyOauthError:
            raise CatalogueFailed("Spotify refuses this deployment's credentials; its operator can mend that") from None
        except (requests.RequestException, ValueError):
            raise CatalogueFailed("Spotify does not answer; try again later") from None

    @cached_property
    def _client(self) -> "Client":
        from spotipy.cache_handler import MemoryCacheHandler
        from spotipy.oauth2 import SpotifyClientCredentials

        credentials = SpotifyClientCredentials(
            self._id, self._secret, requests_timeout=_TIMEOUT_S, cache_handler=MemoryCacheHandler()
        )
        credentials.OAUTH_TOKEN_URL = f"{self._accounts_url.rstrip('/')}/api/token"
        return self._made(auth_manager=credentials)

    def _made(self, **auth: Any) -> "Client":
        from spotipy import Spotify as Client

        # Nothing is asked for again here: before that it would sleep for as long as Retry-After says, which can be
        # hours. It takes an empty list of statuses for none given, and makes 429 of all that are in its own.
        client = Client(requests_timeout=_TIMEOUT_S, retries=0, status_retries=0, status_forcelist=_NEVER, **auth)
        client.prefix = f"{self._api_url.rstrip('/')}/"
        return client


def _facts(track: Mapping[str, Any]) -> Facts:
    """A track object of Spotify's Web API."""
    album = track.get("album") or {}
    images = album.get("images") or []
    return Facts(
        title=_text(track["name"]) or "Untitled",
        artist=_text(", ".join(artist["name"] for artist in track["artists"])),
        album=_text(album.get("name") or ""),
        art_url=images[0]["url"] if images else "",
        duration_s=track["duration_ms"] / 1000,
        isrc=((track.get("external_ids") or {}).get("isrc") or "")[:12].upper(),
        catalogue=CATALOGUE,
        catalogue_id=track["id"],
        url=f"https://open.spotify.com/track/{track['id']}",
    )


def _text(told: str) -> str:
    return told.strip()[:MAX_TEXT_CHARS]
