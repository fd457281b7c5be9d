"""Documents of projects, as TwoShot's clients send them."""

from typing import Any

from tests.fakes.gateway import Answer, Api

KICK: dict[str, Any] = {
    "id": "550e8400-e29b-41d4-a716-446655440002",
    "name": "Kick Pattern",
    "color": {"hue": 0.8, "saturation": 0.7, "lightness": 0.5},
    "position": 0.0,
    "muted": False,
    "volume": 0.8,
    "source": {"audioId": "550e8400-e29b-41d4-a716-446655440003", "sampleId": 12345},
    "pitchOffset": 0.0,
    "reversed": False,
    "speed": "tempo-sync",
    "cutStart": 0.0,
    "cutEnd": 2.5,
    "pan": 0.0,
}
DRUMS: dict[str, Any] = {
    "id": "550e8400-e29b-41d4-a716-446655440001",
    "name": "Drums",
    "clips": [KICK],
    "pan": 0.0,
    "loopEvery": "auto",
    "volume": 0.9,
    "muted": False,
}
DOCUMENT: dict[str, Any] = {
    "name": "My New Track",
    "version": "1.0.0",
    "tempo": 120.0,
    "grid": 0.25,
    "snapToGrid": True,
    "playHead": {"start": 0.0, "end": 16.0},
    "soloTarget": None,
    "tracks": [DRUMS],
}
"""The one of TwoShot's own description."""
SMALL = {"name": "My Beat", "tempo": 140, "tracks": []}
"""The least, from its examples."""


def clip(**more: Any) -> dict[str, Any]:
    return {**KICK, **more}


def document(*clips: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document with one track of these clips."""
    return {**DOCUMENT, "tracks": [{**DRUMS, "clips": list(clips)}], **more}


def put(api: Api, project_id: str, body: object, **headers: str) -> Answer:
    """Change a project."""
    return api._send("PUT", f"/project/{project_id}", body, headers)
