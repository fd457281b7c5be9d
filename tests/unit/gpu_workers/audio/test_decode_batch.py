from pathlib import Path

import numpy as np
import pytest

from gpu_workers.audio.decode import DecodeLimits, decode
from gpu_workers.audio.decode_batch import decode_batch
from patchbay.domain.errors import TaskCancelled, UnusableAudio
from tests.unit.gpu_workers.audio.tones import RATE_HZ, sound_file, tones


def uploads(folder: Path) -> dict[Path, Path]:
    """Three, of two rates, one of them mono."""
    made = [
        sound_file(folder / "a.wav", tones(5000)),
        sound_file(folder / "b.flac", tones(4800, 48_000, 1), 48_000),
        sound_file(folder / "c.wav", tones(100)),
    ]
    return {folder / f"{path.stem}.f32": path for path in made}


def test_each_is_what_it_is_by_itself(tmp_path: Path) -> None:
    given = uploads(tmp_path)
    for found, (target, source) in zip(decode_batch(given, RATE_HZ), given.items(), strict=True):
        alone = decode(source, tmp_path / "alone.f32", sample_rate_hz=RATE_HZ)
        assert found.path == target
        assert (found.channels, found.frames, found.sample_rate_hz) == (alone.channels, alone.frames, RATE_HZ)
        np.testing.assert_array_equal(found.read(), alone.read())


def test_those_before_the_one_at_fault_come_first(tmp_path: Path) -> None:
    given = uploads(tmp_path)
    (tmp_path / "b.flac").write_bytes(b"no audio at all" * 100)
    found = decode_batch(given, RATE_HZ)
    assert next(found).frames == 5000
    with pytest.raises(UnusableAudio, match="not audio"):
        next(found)


def test_one_that_takes_the_child_down_is_found(tmp_path: Path) -> None:
    given = uploads(tmp_path)
    found = decode_batch(given, RATE_HZ, limits=DecodeLimits(memory_bytes=64 * 1024**2))
    with pytest.raises((UnusableAudio, RuntimeError)):
        next(found)
    beats: list[int] = []
    assert (
        len(list(decode_batch(given, RATE_HZ, limits=DecodeLimits(duration_s=1), heartbeat=lambda: beats.append(1))))
        == 3
    )


def test_too_long_is_at_fault(tmp_path: Path) -> None:
    found = decode_batch(uploads(tmp_path), RATE_HZ, limits=DecodeLimits(duration_s=0.05))
    with pytest.raises(UnusableAudio, match="longer than we take"):
        next(found)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise TaskCancelled("enough")

    with pytest.raises(TaskCancelled):
        list(decode_batch(uploads(tmp_path), RATE_HZ, heartbeat=stop))
