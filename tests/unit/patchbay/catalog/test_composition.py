"""What can be asked of a composition is what the composer knows."""

import pytest

from gpu_workers.composition import score
from gpu_workers.composition.arrange import FAMILY
from gpu_workers.composition.emotions import EMOTIONS as KNOWN_EMOTIONS
from gpu_workers.composition.genres import GENRES as KNOWN_GENRES
from gpu_workers.composition.theory import MODES as KNOWN_MODES
from patchbay.catalog import composition as offered


def test_names_are_those_of_the_composer() -> None:
    assert set(offered.GENRES) == set(KNOWN_GENRES) == set(offered.FACTS)
    assert set(offered.EMOTIONS) == set(KNOWN_EMOTIONS)
    assert set(offered.INSTRUMENTS) == set(FAMILY)
    assert len(set(offered.INSTRUMENTS)) == len(offered.INSTRUMENTS)
    assert set(offered.MODES) == set(KNOWN_MODES)
    assert {tuple(genre.tempos) for genre in KNOWN_GENRES.values()} == {offered.TEMPOS}


def test_limits_are_those_of_the_composer() -> None:
    told = (offered.MIN_DURATION_S, offered.MAX_DURATION_S, offered.MAX_VERSIONS, offered.SEAM_S)
    assert told == (score.MIN_DURATION_S, score.MAX_DURATION_S, score.VERSIONS, score.SEAM_TOLERANCE_S)


@pytest.mark.parametrize("genre", offered.GENRES)
def test_bands_are_those_of_the_composer(genre: str) -> None:
    known = {name for layer in KNOWN_GENRES[genre].layers for name in layer.instruments}
    assert set(offered.FACTS[genre].band) == known


def test_the_instrument_that_fits_a_genre() -> None:
    kits = ("kit_acoustic", "kit_electronic", "kit_hiphop")
    assert offered.matching(kits, "hiphop") == "kit_hiphop"
    assert offered.matching(kits, "electronic") == "kit_electronic"
    assert offered.matching(("sitar", "sarangi"), "pop") == "sitar"


@pytest.mark.parametrize("emotion", offered.EMOTIONS)
def test_every_emotion_has_its_usual_places(emotion: str) -> None:
    assert offered.usual_tempo(emotion) in offered.TEMPOS
    assert offered.usual_genre(emotion) in offered.GENRES
    assert offered.usual_genre(None) == "cinematic"
