from pathlib import Path

import numpy as np
import pytest
import soundfile

from gpu_workers.audio.decode import decode
from gpu_workers.composition.takes import Take, write
from patchbay.domain.formats import FORMATS, Format

RATE_HZ = 44_100
FRAMES = 100_000


@pytest.fixture(scope="module")
def noise() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return (np.random.default_rng(3).standard_normal((2, FRAMES)) * 0.1).astype(np.float32)


def joined(take: Take) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.concatenate(list(take.blocks()), axis=1)


def test_a_take_is_the_sum_of_its_sources(noise: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    np.testing.assert_array_equal(joined(Take([noise, noise], 10, 90_000)), 2 * noise[:, 10:90_000])
    assert not joined(Take([], 10, 90_000)).any()


def test_fades_go_from_silence_to_silence_without_a_jump() -> None:
    ones = np.ones((2, FRAMES), np.float32)
    heard = joined(Take([ones], 0, FRAMES, fade_in=1000, fade_out=70_000))
    assert heard[:, [0, -1]] == pytest.approx(0, abs=1e-5)
    assert heard[:, 2000:29_000] == pytest.approx(1)
    assert np.abs(np.diff(heard)).max() < 0.002


def test_faded_stems_still_sum(noise: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    edges = (5, 80_000, 400, 600)
    apart = joined(Take([noise], *edges)) + joined(Take([2 * noise], *edges))
    np.testing.assert_allclose(apart, joined(Take([noise, 2 * noise], *edges)), atol=1e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_whole_take(
    name: Format, tmp_path: Path, noise: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> None:
    path, told = tmp_path / f"x.{name}", list[float]()
    write(Take([noise], 0, FRAMES), path, name, RATE_HZ, told.append)
    decoded = decode(path, tmp_path / "d.f32")
    assert decoded.sample_rate_hz == (48_000 if name == "opus" else RATE_HZ)
    assert decoded.duration_s == pytest.approx(FRAMES / RATE_HZ, abs=0.05)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == pytest.approx(1.0, abs=0.01)


def test_wav_keeps_24_bits(tmp_path: Path, noise: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    write(Take([noise], 0, FRAMES), tmp_path / "x.wav", "wav", RATE_HZ, lambda share: None)
    found, _ = soundfile.read(tmp_path / "x.wav", dtype="float64")
    assert np.abs(found.T - noise).max() < 2**-23
