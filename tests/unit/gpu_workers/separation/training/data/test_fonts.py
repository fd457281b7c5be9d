from pathlib import Path

import numpy as np
import pytest

from gpu_workers.separation.fitting.programs import Key, MissingProgramError
from gpu_workers.separation.training.data import fonts
from gpu_workers.separation.training.data.plans import RATE_HZ


def here() -> bool:
    try:
        fonts.check()
    except MissingProgramError:
        return False
    return True


needs_fonts = pytest.mark.skipif(not here(), reason="needs fluidsynth and the soundfonts of fonts.FONTS")


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "find_library", lambda name: None)
    fonts._library.cache_clear()


@pytest.mark.usefixtures("no_library")
def test_a_missing_library_says_its_package() -> None:
    with pytest.raises(MissingProgramError, match="apt-get install fluidsynth"):
        fonts.play([Key(0, 1, 60, 90)], fonts.FLUID, 0, 1.0)


@pytest.mark.parametrize("font", fonts.FONTS, ids=lambda font: font.name)
def test_a_missing_soundfont_says_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, font: fonts.Font
) -> None:
    monkeypatch.setattr(fonts, "_FOLDERS", (tmp_path,))
    with pytest.raises(MissingProgramError, match=f"apt-get install {font.package}"):
        font.path()
    (tmp_path / font.file).touch()
    assert font.path() == tmp_path / font.file


def test_what_the_test_set_plays_is_never_played_here() -> None:
    """The bank of csound belongs to the songs that a model is judged on."""
    assert not any("csound" in font.package or "GMbank" in font.file for font in fonts.FONTS)


def test_choirs_are_no_instruments() -> None:
    assert not {52, 53, 54, 85, 91} & {*fonts.CHORDAL, *fonts.LINEAR, *fonts.BASSES}
    assert set(fonts.BASSES) == set(range(32, 40))


@needs_fonts
@pytest.mark.parametrize("font", fonts.FONTS, ids=lambda font: font.name)
def test_notes_sound_when_they_are_written_and_alike_each_time(font: fonts.Font) -> None:
    keys = [Key(0.25, 0.5, 57, 110)]
    first, again = (fonts.play(keys, font, 0, 1.0) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (2, RATE_HZ)
    assert np.abs(first[:, : RATE_HZ // 4 - 64]).max() < 1e-4
    heard = first.mean(axis=0)[RATE_HZ // 3 :]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    ratio = np.argmax(spectrum) * RATE_HZ / len(heard) / 220.0
    assert abs(ratio - round(ratio)) < 0.05


@needs_fonts
@pytest.mark.parametrize("font", fonts.FONTS, ids=lambda font: font.name)
def test_every_program_that_may_be_chosen_is_there(font: fonts.Font) -> None:
    assert fonts.missing(font, fonts.KITS, drums=True) == []
    assert fonts.missing(font, {*fonts.BASSES, *fonts.CHORDAL, *fonts.LINEAR}) == []


@needs_fonts
def test_a_program_that_is_not_there_is_told() -> None:
    assert fonts.missing(fonts.FLUID, [25, 26, 27], drums=True) == [26, 27]
    with pytest.raises(MissingProgramError, match="no program 26"):
        fonts.play([Key(0.0, 0.1, 38, 110)], fonts.FLUID, 26, 0.1, drums=True)
