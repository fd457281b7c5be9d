"""Programs that were written for Beatoven's own servers, in their ways of asking: the wire facts describe them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

TIMEOUT_S: Final = 10.0
"""After which the vendor's client gives a call up: nothing may be made within a call."""
DONE_S: Final = 120.0
POLL_S: Final = 0.3
KNOWN: Final = frozenset({200, 400, 401, 500})
"""The statuses that the vendor's client tells apart; by any other it falls over."""


class Refused(Exception):
    """400."""


class Failed(Exception):
    """401, 500, or a composition that came to nothing."""


class SyncClient:
    """The vendor's Python client: it makes a track, composes it, polls, and downloads what came of it."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.states: list[str] = []
        """Every state that was told, in order, one of each."""

    def tracks(self) -> list[dict[str, Any]]:
        """All tracks: title and project_id."""
        return list(self._call("GET", "/api/v1/tracks")["tracks"])

    def create(self, title: Any, duration_ms: int, genre: str, tempo: str, emotions: Sequence[str]) -> str:
        """A new track's uuid. Its sections are as long as each other."""
        return str(self._call("POST", "/api/v1/tracks", self._form(title, duration_ms, genre, tempo, emotions))["uuid"])

    def compose(self, uuid: str, title: Any, duration_ms: int, genre: str, tempo: str, emotions: Sequence[str]) -> str:
        """The id of the task that composes a track; everything is sent once more."""
        form = self._form(title, duration_ms, genre, tempo, emotions)
        return str(self._call("POST", f"/api/v1/tracks/{uuid}/compose", form)["task_id"])

    def composed(self, task_id: str) -> str:
        """The address of the finished track, once it is there."""
        until = time.monotonic() + DONE_S
        while time.monotonic() < until:
            told = self._call("GET", f"/api/v1/status/{task_id}")
            if told["state"] not in self.states:
                self.states.append(told["state"])
            if "error" in told:
                raise Failed(told["error"])
            if told["state"] == "SUCCESS":
                return str(told["meta"]["download_url"])
            assert told["state"] in {"PENDING", "PROGRESS"}
            assert 0 <= int(told["meta"]["percentage"]) <= 100
            time.sleep(POLL_S)
        raise Failed("not composed in time")

    def address(self, uuid: str) -> str:
        """The address of a track that was composed earlier."""
        return str(self._call("GET", f"/api/v1/tracks/{uuid}")["download_url"])

    def _form(self, title: Any, duration_ms: int, genre: str, tempo: str, emotions: Sequence[str]) -> dict[str, Any]:
        length = duration_ms // len(emotions)
        sections = [
            {"start": number * length, "length": length, "emotion": name} for number, name in enumerate(emotions)
        ]
        return {"title": title, "duration_ms": duration_ms, "genre": genre, "tempo": tempo, "sections": sections}

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self.http.request(method, path, json=body, timeout=TIMEOUT_S)
        assert answer.status_code in KNOWN, answer.text
        told: dict[str, Any] = answer.json()
        if answer.status_code == 400:
            raise Refused(told["error"])
        if answer.status_code != 200:
            raise Failed(told["error"])
        return told


def run_script(http: httpx.Client, text: str, fmt: str, *, looping: bool) -> dict[str, Any]:
    """A script of the vendor's for the current v1: `meta` of what came of a prompt.

    It waits while it is told `composing` and takes every other word for the end: `running` would be its undoing.
    """
    body = {"prompt": {"text": text}, "format": fmt, "looping": looping}
    started = http.post("/api/v1/tracks/compose", json=body, timeout=TIMEOUT_S).raise_for_status().json()
    assert started["status"] == "started"
    until = time.monotonic() + DONE_S
    while True:
        told = http.get(f"/api/v1/tasks/{started['task_id']}", timeout=TIMEOUT_S).raise_for_status().json()
        if told["status"] != "composing":
            break
        assert time.monotonic() < until
        time.sleep(POLL_S)
    meta: dict[str, Any] = told["meta"]
    assert meta["track_url"], told
    return meta
