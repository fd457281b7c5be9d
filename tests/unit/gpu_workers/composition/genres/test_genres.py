from __future__ import annotations

import re

import pytest

from gpu_workers.composition.arrange import FAMILY
from gpu_workers.composition.genres import GENRES, genre_named
from gpu_workers.composition.genres.record import Genre, Layer
from gpu_workers.composition.theory import MODES

ASKED = "indian pop ambient indie rnb cinematic hiphop electronic"
LAYERS = [(genre.name, layer) for genre in GENRES.values() for layer in genre.layers]


def test_the_eight_genres() -> None:
    assert set(GENRES) == set(ASKED.split())
    with pytest.raises(ValueError, match="polka"):
        genre_named("polka")


@pytest.mark.parametrize("genre", GENRES.values(), ids=GENRES)
def test_tempos_do_not_overlap(genre: Genre) -> None:
    edges = [edge for wish in ("slow", "medium", "fast") for edge in genre.tempos[wish]]
    assert edges == sorted(edges)
    assert len(set(edges)) == 6


@pytest.mark.parametrize("genre", GENRES.values(), ids=GENRES)
def test_grooves_are_whole_bars_with_a_kick_on_one(genre: Genre) -> None:
    levels = [groove.intensity for groove in genre.grooves]
    assert levels == sorted(levels)
    for groove in genre.grooves:
        assert all(re.fullmatch(r"([0-9.-]{16}){1,2}", text) for _, text in groove.lines)
        assert dict(groove.lines)[36][0] in "789"


@pytest.mark.parametrize("genre", GENRES.values(), ids=GENRES)
def test_roles_are_named_once_and_progressions_by_mode(genre: Genre) -> None:
    roles = [layer.role for layer in genre.layers]
    assert len(set(roles)) == len(roles)
    assert set(genre.progressions) <= set(MODES)
    assert all(bars % 4 == 0 for _, bars in genre.form)


@pytest.mark.parametrize(("genre", "layer"), LAYERS, ids=[f"{name}-{layer.role}" for name, layer in LAYERS])
def test_layers_are_well_formed(genre: str, layer: Layer) -> None:
    assert set(layer.instruments) <= set(FAMILY)
    assert layer.high - layer.low >= 12
    assert -1 <= layer.pan <= 1
    assert [level for level, _ in layer.patterns] == sorted(level for level, _ in layer.patterns)
    alphabet = {"bass": r"[Rr3578a.-]", "perc": r"[0-9.-]"}.get(layer.style, r"[1-9.-]")
    for _, text in layer.patterns:
        for line in text.split("|"):
            rhythm = line.split(":")[-1]
            assert re.fullmatch(rf"({alphabet}{{16}}){{1,2}}", rhythm), (genre, rhythm)
    needs = layer.style in {"perc", "bass", "block", "strum", "arp", "ostinato"}
    assert bool(layer.patterns) == needs
