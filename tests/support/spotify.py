"""A server on this machine that speaks as much of Spotify's Web API as looking songs up and linking accounts takes."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT, SECRET = "client", "secret"
LIGHTS = "4uLU6hMCjMI75M1A2tKUQC"


def track(track_id: str = LIGHTS, name: str = "Blinding Lights", **more: Any) -> dict[str, Any]:
    """A track object as the Web API has it."""
    return {
        "id": track_id,
        "type": "track",
        "name": name,
        "artists": [{"name": "The Weeknd"}],
        "album": {"name": "After Hours", "images": [{"url": "https://i.scdn.co/image/1", "width": 640}]},
        "duration_ms": 200_040,
        "external_ids": {"isrc": "USUG11904206"},
        **more,
    }


class FakeSpotify:
    """`items`: what paths below `/v1` give; `status`: what every call answers instead, if it is set."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}
        self.status = 0
        self.tokens = 0
        self.asked: list[str] = []
        self.url = ""
        self.owner: dict[str, Any] = {"id": "eve-at-spotify", "display_name": "Eve <3"}
        self.consents: dict[str, dict[str, str]] = {}
        """Code -> what was asked for."""
        self.refresh_tokens: set[str] = set()
        self.access_tokens: set[str] = set()
        self.private: dict[str, Any] = {}
        """What paths give to those whose account was linked."""
        self.rotates = False
        """Whether a refresh gives a new refresh token too."""

    def consent(self, url: str, **answer: str) -> str:
        """Go to a consent page as a browser does, and agree; where it leads back to. `answer`: what it says instead."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert urlsplit(url).path == "/authorize"
        assert asked["client_id"] == CLIENT
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert len(asked["code_challenge"]) == 43
        code = secrets.token_urlsafe(16)
        self.consents[code] = asked
        given = answer or {"code": code}
        return f"{asked['redirect_uri']}?{urlencode({**given, 'state': asked['state']})}"

    def grant(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What the token endpoint answers."""
        invalid = 400, {"error": "invalid_grant", "error_description": "Invalid"}
        kept = fields.get("refresh_token", "")
        if fields["grant_type"] == "authorization_code":
            asked = self.consents.pop(fields["code"], None)
            digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
            proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if not asked or (asked["code_challenge"], asked["redirect_uri"]) != (proof, fields["redirect_uri"]):
                return invalid
        elif kept not in self.refresh_tokens:
            return invalid
        told = {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 3600}
        self.access_tokens.add(told["access_token"])  # type: ignore[arg-type]
        if not kept or self.rotates:
            self.refresh_tokens.discard(kept)
            told["refresh_token"] = f"refresh-{secrets.token_urlsafe(8)}"
            self.refresh_tokens.add(told["refresh_token"])  # type: ignore[arg-type]
        return 200, told

    def page(self, items: list[Any], path: str, size: int) -> dict[str, Any]:
        """The first of the pages of a list, whose others are put under their addresses."""
        pages = [items[at : at + size] for at in range(0, len(items), size)] or [[]]
        made = []
        for number, some in enumerate(pages):
            following = f"{self.url}/v1/{path}/{number + 1}" if number + 1 < len(pages) else None
            made.append({"items": some, "next": following})
            self.items[f"{path}/{number}"] = made[-1]
        return made[0]


@contextmanager
def served() -> Iterator[FakeSpotify]:
    """The server, listening."""
    fake = FakeSpotify()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fields = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            told = base64.b64decode(self.headers["authorization"].removeprefix("Basic ")).decode()
            assert self.path == "/api/token"
            if told != f"{CLIENT}:{SECRET}":
                self._answer(400, {"error": "invalid_client", "error_description": "Invalid client"})
                return
            if fields["grant_type"] != ["client_credentials"]:
                given = {name: values[0] for name, values in fields.items()}
                self._answer(*((fake.status, {"error": "server_error"}) if fake.status else fake.grant(given)))
                return
            fake.tokens += 1
            self._answer(200, {"access_token": "token", "token_type": "Bearer", "expires_in": 3600})

        def do_GET(self) -> None:
            path = urlsplit(self.path).path.removeprefix("/v1/")
            fake.asked.append(path)
            if path == "me":
                known = self.headers["authorization"].removeprefix("Bearer ") in fake.access_tokens
                self._answer(*((200, fake.owner) if known else (401, {"error": {"status": 401}})))
                return
            shown = self.headers["authorization"].removeprefix("Bearer ")
            if shown in fake.access_tokens and path in fake.private:
                self._answer(200, fake.private[path])
                return
            assert shown == "token" or shown in fake.access_tokens
            if fake.status:
                self._answer(fake.status, {"error": {"status": fake.status, "message": "no"}})
            elif path in fake.items:
                self._answer(200, fake.items[path])
            else:
                self._answer(404, {"error": {"status": 404, "message": "Not found."}})

        def _answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *told: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
