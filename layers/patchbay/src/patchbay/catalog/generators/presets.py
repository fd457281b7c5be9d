"""Inputs that are known to go well, ready to be sent as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from patchbay.catalog.generators.offer import COMPOSE_BY_PROMPT, COMPOSE_BY_WISH, MUSIC, find
from patchbay.catalog.models import Shelf

Value = str | float | bool


@dataclass(frozen=True, slots=True)
class Preset:
    """Inputs of a generator, by name."""

    number: int
    name: str
    description: str
    generator: int
    tags: tuple[str, ...]
    inputs: Mapping[str, Value]


def _preset(number: int, name: str, description: str, generator: int, tags: tuple[str, ...], **inputs: Value) -> Preset:
    return Preset(number, name, description, generator, tags, MappingProxyType(inputs))


_PRESETS = (
    _preset(
        1, "Lo-fi Study", "Slow and warm, for the background", MUSIC, ("lo-fi", "hip hop"),
        prompt="Chill lo-fi hip hop beat with electric piano and vinyl crackle", duration=30.0,
    ),
    _preset(
        2, "House Party", "Upbeat and driving", MUSIC, ("house", "electronic"),
        prompt="Upbeat electronic house music with a heavy synth bass", duration=30.0,
    ),
    _preset(
        3, "Film Trailer", "Big drums and brass", MUSIC, ("cinematic", "epic"),
        prompt="Triumphant cinematic music with strings, brass and taiko drums", duration=60.0,
    ),
    _preset(
        4, "Calm Piano", "For meditation and sleep", COMPOSE_BY_PROMPT, ("ambient", "piano"),
        prompt="Slow calm ambient music with piano and a warm pad", duration=60.0,
    ),
    _preset(
        5, "Pop Loop", "A loop with stems, to build on", COMPOSE_BY_WISH, ("pop", "loops"),
        genre="pop", emotion="happy", key="C major", duration=16.0, bpm=120.0, loop=True, stems=True,
    ),
    _preset(
        6, "R&B Loop", "A slow loop with stems, to build on", COMPOSE_BY_WISH, ("rnb", "loops"),
        genre="rnb", emotion="relaxing", key="A minor", duration=24.0, bpm=80.0, loop=True, stems=True,
    ),
    _preset(
        7, "Tension", "Something is about to happen", COMPOSE_BY_WISH, ("cinematic", "scary"),
        genre="cinematic", emotion="tense", tempo="slow", duration=45.0,
    ),
)  # fmt: skip


def presets(shelf: Shelf) -> tuple[Preset, ...]:
    """Those of generators that run here."""
    return tuple(preset for preset in _PRESETS if find(shelf, preset.generator) is not None)
