"""Where new sound is heard, how loud, and what gives way to what: to the sample, without any codec."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.video.mixing import CEILING, Mix, mix
from patchbay.domain.videos import Underlay

RATE_HZ = 48_000


def spooled(folder: Path, name: str, samples: Samples) -> AudioFile:
    path = folder / name
    path.write_bytes(np.ascontiguousarray(samples.T, "<f4").tobytes())
    return AudioFile(path, RATE_HZ, samples.shape[0], samples.shape[1])


def both(samples: object) -> Samples:
    one = np.asarray(samples, np.float32)
    return np.stack([one, 0.5 * one])


def mixed(original: Samples | None, music: Samples, wanted: Underlay, frames: int) -> tuple[Samples, Mix, list[float]]:
    told: list[float] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        under = None if original is None else spooled(folder, "original", original)
        found = mix(under, spooled(folder, "music", music), wanted, frames, folder / "mix", told.append)
        return found.audio.read(), found, told


def ramp(frames: int) -> Samples:
    return both(np.linspace(-0.4, 0.4, frames))


@given(
    start=st.integers(-3000, 3000),
    length=st.integers(1, 4000),
    total=st.integers(1, 4000),
    gain=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
)
def test_every_sample_is_where_it_belongs(start: int, length: int, total: int, gain: float) -> None:
    """Against the plain sum, without edges: no fade at the end, and the rise at a cut beginning undone."""
    music, original = ramp(length), both(np.full(total, 0.1))
    found, _, _ = mixed(original, music, Underlay(offset_s=start / RATE_HZ, gain=gain, fade_out_s=0.0), total)
    expected = original.copy()
    first, last = max(start, 0), min(start + length, total)
    if first < last:
        rise = min(480, last - first) if start < 0 else 0
        edge = 0.5 - 0.5 * np.cos(np.pi * np.clip((np.arange(last - first) + 0.5) / max(rise, 1), 0, 1))
        part = gain * music[:, first - start : last - start] * (edge if rise else 1.0)
        expected[:, first:last] += part
    assert found.shape == (2, total)
    assert np.allclose(found, expected, atol=2e-7)


def test_blocks_leave_no_seams() -> None:
    """Longer than a block of mixing: one second."""
    frames = round(2.5 * RATE_HZ)
    found, _, told = mixed(None, ramp(frames), Underlay(), frames)
    assert np.array_equal(found, ramp(frames))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == 3


def test_a_cut_end_fades_along_a_cosine() -> None:
    found, _, _ = mixed(None, both(np.ones(3 * RATE_HZ)), Underlay(fade_out_s=1.0), 2 * RATE_HZ)
    at = np.arange(RATE_HZ)
    assert np.array_equal(found[0, :RATE_HZ], np.ones(RATE_HZ, np.float32))
    assert np.allclose(found[0, RATE_HZ:], 0.5 + 0.5 * np.cos(np.pi * (at + 0.5) / RATE_HZ), atol=1e-6)


def test_an_end_of_its_own_does_not_fade() -> None:
    found, _, _ = mixed(None, both(np.full(RATE_HZ, 0.5)), Underlay(fade_out_s=1.0), 2 * RATE_HZ)
    assert np.array_equal(found[0], np.repeat(np.array([0.5, 0.0], np.float32), RATE_HZ))


def test_what_is_over_full_scale_is_turned_down_and_nothing_else() -> None:
    loud, original = both(np.full(100, 0.9)), both(np.full(100, 0.7))
    _, over, _ = mixed(original, loud, Underlay(), 100)
    assert over.gain == pytest.approx(CEILING / 1.6)
    _, just, _ = mixed(both(np.full(100, 0.1)), loud, Underlay(), 100)
    assert just.gain == 1.0


@pytest.mark.parametrize("duck", ["music", "original"])
def test_one_goes_down_while_the_other_is_heard(duck: str) -> None:
    """The one that is heard speaks in the third and fourth second."""
    length = 8 * RATE_HZ
    speech, steady = np.zeros(length), both(np.full(length, 0.25))
    speech[2 * RATE_HZ : 4 * RATE_HZ] = 0.1
    wanted = Underlay(duck=duck, duck_db=18.0, attack_s=0.05, release_s=0.3, fade_out_s=0)
    given_way = (both(speech), steady) if duck == "music" else (steady, both(speech))
    found, _, _ = mixed(*given_way, wanted, length)
    left = (found - both(speech)) / steady
    seconds = {at: float(left[0, round(at * RATE_HZ)]) for at in (1.9, 2.05, 3.9, 4.3, 7.9)}
    low = 10 ** (-18 / 20)
    assert seconds[1.9] == 1.0
    assert 20 * np.log10(seconds[2.05]) == pytest.approx(-18 * (1 - np.exp(-1)), abs=0.3), "63 % after the attack"
    assert seconds[3.9] == pytest.approx(low, rel=1e-3)
    assert 20 * np.log10(seconds[4.3]) == pytest.approx(-18 * np.exp(-1), abs=0.3), "63 % back after the release"
    assert seconds[7.9] == pytest.approx(1.0, abs=1e-3)
    assert np.abs(np.diff(left[0])).max() < 0.01, "no steps"


def test_ducking_wants_two_sounds_and_a_level() -> None:
    length = RATE_HZ
    steady = both(np.full(length, 0.25))
    alone, _, _ = mixed(None, steady, Underlay(duck="music"), length)
    assert np.array_equal(alone, steady)
    quiet = both(np.full(length, 0.005))
    found, _, _ = mixed(quiet, steady, Underlay(duck="music"), length)
    assert np.allclose(found, quiet + steady, atol=1e-7)
