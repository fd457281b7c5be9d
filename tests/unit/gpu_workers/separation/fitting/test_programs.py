import sys
from pathlib import Path

import numpy as np
import pytest

from gpu_workers.separation.fitting import programs
from gpu_workers.separation.fitting.programs import Key, MissingProgramError, fitted, midi, speech


def test_a_score_is_a_midi_file() -> None:
    score = midi([Key(0.0, 0.5, 60, 100), Key(1.0, 1.0, 64, 90)], 33)
    assert score[:14] == b"MThd\0\0\0\6\0\0\0\1\1\xe0"
    assert int.from_bytes(score[18:22], "big") == len(score) - 22
    track = score[22:]
    assert track.startswith(b"\0\xff\x51\x03\x0f\x42\x40\0\xc0\x21")
    assert track.endswith(b"\0\xff\x2f\0")
    # 480 ticks a second: on at 0, off after 240 (two bytes), on after 240 more.
    assert b"\0\x90\x3c\x64\x81\x70\x80\x3c\0\x81\x70\x90\x40\x5a" in track


def test_drums_play_on_their_channel() -> None:
    score = midi([Key(0.0, 0.1, 36, 100)], 8, drums=True)
    assert b"\xc9\x08" in score
    assert b"\x99\x24\x64" in score


def test_a_key_struck_again_is_let_go_first() -> None:
    score = midi([Key(0.0, 1.0, 60, 100), Key(1.0, 1.0, 60, 100)], 0)
    off, on = score.index(b"\x80\x3c\0"), score.rindex(b"\x90\x3c\x64")
    assert off < on


def test_what_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(MissingProgramError, match="apt-get install some-package"):
        programs.program("no-such-program", "some-package")
    monkeypatch.setattr(programs, "SOUNDFONTS", tmp_path)
    with pytest.raises(MissingProgramError, match="apt-get install a-font"):
        programs.soundfont("font.sf2", "a-font")


@pytest.mark.parametrize("frames", [2, 5])
def test_fitted_cuts_or_fills(frames: int) -> None:
    out = fitted(np.ones((2, 3)), frames)
    assert out.shape == (2, frames)
    assert out.sum() == 2 * min(frames, 3)


def test_speech_is_cut_to_what_is_heard() -> None:
    """A stand-in for a speaking program: a tenth of silence, a tenth of tone, a tenth of silence, at 22 kHz."""
    code = (
        "import sys, numpy as np; from scipy.io import wavfile; x = np.zeros(6615, np.int16);"
        "x[2205:4410] = 9000 * np.sin(np.arange(2205)); wavfile.write(sys.argv[1], 22050, x)"
    )
    sound = speech([sys.executable, "-c", code, "{wave}"])
    assert len(sound) == pytest.approx(4410, abs=60)
    assert np.abs(sound).max() == pytest.approx(9000 / 32768, rel=0.1)
