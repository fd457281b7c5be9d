"""Only the beginning of an upload is decoded, and the rest not even read."""

from pathlib import Path

import numpy as np
import pytest

from gpu_workers.audio.decode import DecodeLimits, decode
from tests.unit.gpu_workers.audio.tones import RATE_HZ, sound_file, tones

SECONDS = 3


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "decoded.f32"


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg"])
def test_the_beginning_is_that_of_the_whole(tmp_path: Path, target: Path, suffix: str) -> None:
    source = sound_file(tmp_path / f"in.{suffix}", tones(SECONDS * RATE_HZ))
    whole = decode(source, tmp_path / "whole.f32")
    begin = decode(source, target, first_s=1.25)
    assert (begin.frames, begin.cut, whole.cut) == (round(1.25 * RATE_HZ), True, False)
    assert target.stat().st_size == begin.frames * begin.channels * 4
    np.testing.assert_array_equal(begin.read(), whole.read(0, begin.frames))


@pytest.mark.parametrize(("first_s", "frames", "cut"), [(3.0, 3, False), (2.9999, 3, True), (10.0, 3, False)])
def test_what_is_shorter_stays_whole(tmp_path: Path, target: Path, first_s: float, frames: int, cut: bool) -> None:
    source = sound_file(tmp_path / "in.wav", tones(SECONDS * RATE_HZ))
    found = decode(source, target, first_s=first_s)
    assert found.cut is cut
    assert found.frames == round(min(first_s, frames) * RATE_HZ)


def test_something_is_left_of_the_shortest_wish(tmp_path: Path, target: Path) -> None:
    source = sound_file(tmp_path / "in.wav", tones(RATE_HZ))
    assert decode(source, target, first_s=1e-9).frames == 1


def test_it_is_counted_at_the_wanted_rate(tmp_path: Path, target: Path) -> None:
    source = sound_file(tmp_path / "in.wav", tones(SECONDS * 8000, 8000), 8000)
    found = decode(source, target, sample_rate_hz=48_000, first_s=0.5)
    assert (found.frames, found.cut) == (24_000, True)


def test_what_comes_after_it_costs_nothing(tmp_path: Path, target: Path) -> None:
    source = sound_file(tmp_path / "in.flac", tones(SECONDS * RATE_HZ))
    with source.open("r+b") as file:  # damage the last third
        file.seek(source.stat().st_size * 2 // 3)
        file.write(bytes(20_000))
    limits = DecodeLimits(samples=2 * RATE_HZ * 2)
    found = decode(source, target, first_s=1.0, limits=limits)
    assert (found.frames, found.damaged_packets, found.cut) == (RATE_HZ, 0, True)
