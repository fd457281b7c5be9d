"""Each instrument apart: whole, in its own name, and together the mix."""

import io
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from gpu_workers.composition import archive
from gpu_workers.composition.compose import compose
from gpu_workers.composition.score import Brief, Score
from gpu_workers.composition.sound import Rendering
from patchbay.catalog.composition import INSTRUMENTS_ZIP
from tests.unit.gpu_workers.composition.test_engine import LOUD, audio, run


def score() -> Score:
    return compose(Brief(genre="pop", duration_s=8.0))


def rendering(of: Score, frames: int) -> Rendering:
    rng = np.random.default_rng(1)
    stems = {part.name: rng.normal(0, 1, (2, frames)).astype(np.float32) for part in of.parts}
    mix = np.stack(list(stems.values())).sum(axis=0, dtype=np.float32)
    assert isinstance(mix, np.ndarray)
    return Rendering(mix, stems, 44_100, -14.0, -1.0)


def read(data: bytes) -> npt.NDArray[np.float32]:
    found, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate_hz == 44_100
    samples: npt.NDArray[np.float32] = found.T
    return samples


def test_every_part_is_there_to_the_last_bit(tmp_path: Path) -> None:
    of = score()
    sound, shares = rendering(of, 200_001), list[float]()
    archive.write(of, sound, tmp_path / "a.zip", shares.append)
    with zipfile.ZipFile(tmp_path / "a.zip") as found:
        assert found.testzip() is None
        for part, name in archive.names(of).items():
            assert np.array_equal(read(found.read(name)), sound.stems[part])
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_names_tell_stem_and_instrument_and_none_comes_twice() -> None:
    of = score()
    first = of.parts[0]
    doubled = replace(of, parts=(*of.parts, replace(first, name=f"again_{first.instrument}")))
    names = archive.names(doubled)
    assert set(names) == {part.name for part in doubled.parts}
    assert len(set(names.values())) == len(names)
    assert all(part.instrument in names[part.name] for part in doubled.parts)


def test_the_same_piece_is_the_same_archive(tmp_path: Path) -> None:
    of = score()
    for name in ("a.zip", "b.zip"):
        archive.write(of, rendering(of, 5000), tmp_path / name, lambda share: None)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_memory_does_not_grow_with_the_piece(tmp_path: Path) -> None:
    of, peaks = score(), []
    for frames in (2**20, 2**22):
        sound = rendering(of, 1)
        stems: dict[str, Any] = {}
        for part in of.parts:
            stems[part.name] = np.memmap(tmp_path / "s.f32", np.float32, "w+", shape=(2, frames))
        tracemalloc.start()
        archive.write(of, replace(sound, stems=stems), tmp_path / "a.zip", lambda share: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 2**20


def test_the_instruments_of_a_piece_sum_to_its_mix(tmp_path: Path) -> None:
    made = run(tmp_path / "w", **LOUD, instrument_stems=True)
    path = made[INSTRUMENTS_ZIP].path
    assert path is not None
    assert made[INSTRUMENTS_ZIP].media_type == "application/zip"
    with zipfile.ZipFile(path) as found:
        parts = [read(found.read(name)) for name in found.namelist()]
    mix = audio(made["track.wav"])
    residue = np.sqrt(np.mean((np.sum(parts, axis=0, dtype=np.float64) - mix) ** 2) / np.mean(mix**2))
    assert 20 * np.log10(residue) < -90, "of the 24 bits of the mix"
    assert len(parts) >= 3
