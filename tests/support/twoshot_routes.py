"""Every route of the TwoShot dialect, found in the code."""

import re
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute

from functions.dialects.twoshot.routes import DIALECT
from tests.support.twoshot import NO_ID, NO_NUMBER

NOBODYS = {"audio_id": NO_ID, "video_id": NO_ID, "project_id": NO_ID, "job_id": NO_ID, "licence_id": "99"}
"""What a parameter of a path is filled with where nothing is to be found; every other is a number."""
BODY = {
    "userName": "matrix",
    "email": "matrix@example.org",
    "password": "correct horse battery",
    "refreshToken": "x",
    "code": "1",
    "codeVerifier": "x" * 43,
    "codeChallenge": "x" * 43,
    "currentPassword": "x",
    "newPassword": "another horse, a battery",
    "instagram": "x",
    "sizeBytes": 5,
    "uploadId": NO_ID,
    "name": "x",
    "public": True,
    "scale": "C Major",
    "tags": ["x"],
    "folderId": NO_NUMBER,
    "licenceId": 1,
    "contentId": NO_ID,
    "audioId": NO_ID,
    "contentType": "sample",
    "modelId": 201,
    "inputs": {"audio": NO_ID},
    "tempo": 120,
    "tracks": [],
}
"""One body for all: each route takes what it wants of it."""
DOCUMENTS = {"POST /project", "PUT /project/{project_id}", "POST /project/render"}
"""Routes that refuse what they do not know."""


@dataclass(frozen=True, order=True)
class Route:
    """One route with one of its methods."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def params(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def open(self) -> bool:
        """Whether it answers somebody without a key."""
        return self.path in DIALECT.public or (self.method == "GET" and self.path in DIALECT.optional)

    @property
    def writes(self) -> bool:
        return self.method != "GET" or self.path in DIALECT.writing

    def body(self, **more: Any) -> dict[str, Any]:
        """What it is sent: all there is, with `more`, or what a document takes of it."""
        whole = {**BODY, **more}
        known = {"name", "public", "tempo", "tracks"} if str(self) in DOCUMENTS else whole.keys()
        return {name: value for name, value in whole.items() if name in known}

    def filled(self, **given: object) -> str:
        """The path with its parameters, nobody's where none is given."""
        values = {name: str(given.get(name, NOBODYS.get(name, NO_NUMBER))) for name in self.params}
        return self.path.format(**values)


ROUTES = sorted(
    Route(method, route.path)
    for route in DIALECT.router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
)
