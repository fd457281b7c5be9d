import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gpu_workers.rendering.order import Order
from gpu_workers.rendering.writing import move_into, stem_name, write
from tests.unit.gpu_workers.audio.tones import tones

WAV = Order.from_params({"bit_depth": 24})


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("Drums", "007 Drums.wav"),
        ("../../etc/passwd", "007 etc passwd.wav"),
        ("  Bässe\x00\n & co.  ", "007 Bässe co.wav"),
        ("/", "007.wav"),
        ("x" * 300, f"007 {'x' * 60}.wav"),
    ],
)
def test_stems_are_called_as_their_tracks_as_far_as_a_file_may_be(called: str, name: str) -> None:
    assert stem_name(7, called, WAV) == name


def test_gain_is_applied_and_progress_told(tmp_path: Path) -> None:
    samples, told = tones(1000), list[float]()
    write(tmp_path / "mix.wav", [samples[:, :400], samples[:, 400:]], 1000, 0.5, WAV, told.append)
    np.testing.assert_allclose(soundfile.read(tmp_path / "mix.wav")[0].T, samples * 0.5, atol=2**-23)
    assert told == [0.4, 1.0]


def test_what_is_moved_into_an_archive_is_there_and_gone_here(tmp_path: Path) -> None:
    contents = []
    for number in range(2):
        stem = tmp_path / "stem.bin"
        stem.write_bytes(b"sound" * 1000)
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            move_into(archive, stem, lambda: None)
            assert archive.read("stem.bin") == b"sound" * 1000
        assert not stem.exists()
        contents.append((tmp_path / f"{number}.zip").read_bytes())
    assert contents[0] == contents[1]
