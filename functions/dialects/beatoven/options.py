"""What the vendor's API offers, and which combinations it refuses."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from patchbay.catalog.composition import usual_tempo
from patchbay.domain.errors import InvalidInput

BLOCKED: Final[tuple[Mapping[str, Any], ...]] = (
    {
        "genre": "rnb",
        "moods": [
            "tense",
            "angry",
            "scary",
            "fearful",
            "sad",
            "inspirational",
            "depressing",
            "motivational",
            "triumphant",
        ],
        "tempo": "slow",
    },
    {"genre": "rnb", "moods": ["inspirational", "motivational", "triumphant"], "tempo": "fast"},
    {"genre": "indie", "moods": ["energetic"], "tempo": "slow"},
    {"genre": "indie", "mood": ["energetic"], "tempo": "medium"},
    {"genre": "cinematic", "moods": ["energetic"], "tempo": "slow"},
    {"genre": "hiphop", "moods": ["energetic"], "tempo": "slow"},
)
"""Word for word as the document has it, its one `mood` included."""

PARAMS: Final[Mapping[str, Any]] = {
    "genre": ["indian", "pop", "ambient", "indie", "rnb", "cinematic", "hiphop", "electronic"],
    "emotion": [
        "sad",
        "calm",
        "motivational",
        "happy",
        "scary",
        "cheerful",
        "angry",
        "triumphant",
        "relaxing",
        "depressing",
        "dreamy",
        "inspirational",
        "energetic",
        "joyful",
        "tense",
        "fearful",
    ],
    "tempo": ["slow", "medium", "fast"],
    "blockedParams": list(BLOCKED),
}
"""The document's answer, in its order."""


def check(genre: str, emotions: Sequence[str], tempo: str) -> None:
    """Raises `InvalidInput` naming the combination, if it is one that the document blocks."""
    for emotion in emotions:
        if _blocked(genre, emotion, tempo):
            told = f"genre {genre!r}, emotion {emotion!r} and tempo {tempo!r} cannot be combined"
            raise InvalidInput(f"{told}; see blockedParams of /api/v2/composition_params", field="tempo")


def free_tempo(genre: str, emotions: Sequence[str]) -> str:
    """The tempo for a piece that none was asked for: the usual one, or the nearest that is not blocked."""
    usual = usual_tempo(emotions[0])
    for tempo in (usual, "medium", "fast", "slow"):
        if not any(_blocked(genre, emotion, tempo) for emotion in emotions):
            return tempo
    return usual


def _blocked(genre: str, emotion: str, tempo: str) -> bool:
    return any(
        (one["genre"], one["tempo"]) == (genre, tempo) and emotion in one.get("moods", one.get("mood", ()))
        for one in BLOCKED
    )
