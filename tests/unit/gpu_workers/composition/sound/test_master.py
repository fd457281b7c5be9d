import numpy as np
import pytest

from gpu_workers.composition.sound import curves, loudness, master
from gpu_workers.composition.sound.instrument import Stereo

RATE_HZ = 44100


def mastered(mix: Stereo, *, loop: bool = False) -> tuple[Stereo, curves.Curve]:
    gain = master.curve(mix, RATE_HZ, loop=loop)
    out = mix.copy()
    curves.apply(out, gain)
    return out, gain


def lufs(mix: Stereo) -> float:
    return loudness.integrated(loudness.weighted_energy(mix, RATE_HZ), mix.shape[1], RATE_HZ)


def noise(seconds: float, level: float) -> Stereo:
    return level * np.random.default_rng(1).standard_normal((2, int(seconds * RATE_HZ))).astype(np.float32)


@pytest.mark.parametrize("level", [1e-4, 0.03, 3.0])
@pytest.mark.parametrize("loop", [False, True])
def test_any_level_comes_to_fourteen(level: float, loop: bool) -> None:
    out, _ = mastered(noise(3, level), loop=loop)
    assert lufs(out) == pytest.approx(-14.0, abs=0.1)
    assert loudness.true_peak_dbtp(out) < -1.0


def test_peaks_are_limited_where_the_loudness_asks_for_it() -> None:
    mix = noise(4, 0.02)
    mix[:, ::9000] += 0.9
    out, gain = mastered(mix)
    assert lufs(out) == pytest.approx(-14.0, abs=0.3)
    assert loudness.true_peak_dbtp(out) < -1.0
    assert gain.min() < 0.5 * gain.max()


def test_what_fits_is_not_limited() -> None:
    t = np.arange(4 * RATE_HZ) / RATE_HZ
    mix = np.tile(0.05 * np.sin(2 * np.pi * 1000 * t), (2, 1)).astype(np.float32)
    gain = mastered(mix)[1]
    middle = gain[100:1500]
    assert middle.max() / middle.min() < 1.001


def test_the_end_fades_unless_it_is_a_loop() -> None:
    out, _ = mastered(noise(3, 0.05))
    assert np.abs(out[:, -3:]).max() < 1e-4
    looped, gain = mastered(noise(3, 0.05), loop=True)
    assert np.abs(looped[:, -2000:]).max() > 0.2
    assert gain[0] == pytest.approx(gain[-2], rel=0.05)


def test_silence_stays_silence() -> None:
    out, gain = mastered(np.zeros((2, RATE_HZ), np.float32))
    assert not out.any()
    assert np.isfinite(gain).all()


def test_parts_that_cancel_in_the_mix_do_not_clip_alone() -> None:
    t = np.arange(4 * RATE_HZ) / RATE_HZ
    tone = np.tile(np.sin(2 * np.pi * 100 * t), (2, 1)).astype(np.float32)
    one, other = tone + noise(4, 0.03), noise(4, 0.03) - tone
    mix = one + other
    free = master.curve(mix, RATE_HZ, loop=False)
    held = master.curve(mix, RATE_HZ, loop=False, stems=[[one], [other]])
    alone = []
    for gain in (free, held):
        stem = one.copy()
        curves.apply(stem, gain)
        alone.append(float(np.abs(stem).max()))
    assert alone[0] > 1.0
    assert alone[1] < 10 ** (master.CEILING_DBTP / 20)


def test_a_stem_of_several_parts_counts_as_their_sum() -> None:
    loud = noise(2, 0.5)
    mix = noise(2, 0.05)
    apart = master.measured(mix, RATE_HZ, loop=False, stems=[[loud], [-loud]])
    summed = master.measured(mix, RATE_HZ, loop=False, stems=[[loud, -loud]])
    assert apart.peaks.max() == pytest.approx(np.abs(loud).max())
    assert summed.peaks.max() == pytest.approx(loudness.peaks(mix).max())
