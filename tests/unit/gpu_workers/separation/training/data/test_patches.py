"""Own instruments: patches, basses and kits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data import basses, grooves, kits, lines, patches
from gpu_workers.separation.training.data.plans import RATE_HZ, hz_of, random_plan

KINDS = {make.__name__: make for make in patches.KINDS}


def loudest_hz(sound: NDArray[np.floating]) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum) * RATE_HZ / len(sound))


def share_below(sound: NDArray[np.floating], hz: float) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float(power[: int(hz * len(sound) / RATE_HZ)].sum() / power.sum())


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("seed", range(4))
def test_a_patch_plays_notes_where_they_are_written(kind: str, seed: int) -> None:
    keys = [Key(0.5, 0.4, 57, 100), Key(1.2, 0.3, 64, 60)]
    sound = patches.play(KINDS[kind](np.random.default_rng(seed)), keys, 2.5)
    assert sound.shape == (round(2.5 * RATE_HZ),)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(1.0)
    assert not sound[: round(0.499 * RATE_HZ)].any()


@pytest.mark.parametrize("kind", ["wavetable", "plucked", "blown"])
@pytest.mark.parametrize("pitch", [45, 57, 69])
def test_harmonic_patches_are_in_tune(kind: str, pitch: int) -> None:
    """Whichever harmonic is loudest, it is one of the note's, within a third of a semitone."""
    for seed in range(4):
        patch = KINDS[kind](np.random.default_rng(seed))
        sound = patches.play(patch, [Key(0.0, 1.5, pitch, 110)], 1.5)[RATE_HZ // 10 :]
        ratio = loudest_hz(sound) / hz_of(pitch)
        nearest = max(1, round(ratio))
        assert abs(12 * np.log2(ratio / nearest)) < 0.35


def test_silence_is_played_as_silence() -> None:
    patch = patches.random_patch(np.random.default_rng(0))
    assert not patches.play(patch, [], 1.0).any()
    assert not patches.play(patch, [Key(5.0, 1.0, 60, 100)], 1.0).any()


@given(hz=st.floats(30, 4000), level=st.floats(0.1, 2), t60_s=st.floats(0.05, 4), frames=st.integers(10, 5000))
def test_decaying_sines_are_what_the_formula_says(hz: float, level: float, t60_s: float, frames: int) -> None:
    t = np.arange(frames) / RATE_HZ
    expected = level * np.sin(2 * np.pi * hz * t) * 10 ** (-3 * t / t60_s)
    found = patches.decaying(np.array([hz]), np.array([level]), np.array([t60_s]), frames)
    np.testing.assert_allclose(found, expected, atol=1e-8 * level)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.booleans())
def test_envelopes_begin_and_end_in_silence(seed: int, struck: bool) -> None:
    level = patches.envelope(np.random.default_rng(seed), struck=struck).drawn(4410)
    assert level[0] == pytest.approx(0.0, abs=1e-9)
    assert level[-1] == pytest.approx(0.0, abs=1e-9)
    assert level.min() >= 0
    assert level.max() <= 1 + 1e-9


@pytest.mark.parametrize("kind", sorted(basses.KINDS))
def test_basses_are_low(kind: str) -> None:
    """As a rule more than half of the energy lies below 300 Hz, always a good part of it."""
    shares = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        plan = random_plan(rng, 3.0)
        sound = basses.KINDS[kind](rng, lines.bass_line(rng, plan, 36), 3.0)
        assert np.isfinite(sound).all()
        shares.append(share_below(sound, 300))
    assert np.median(shares) > 0.5
    assert min(shares) > 0.15


def test_a_bass_follows_from_its_seed_and_names_its_kind() -> None:
    keys = [Key(0.0, 0.5, 36, 100), Key(0.5, 0.5, 43, 90)]
    (kind, first), (_, again) = (basses.play(np.random.default_rng(4), keys, 1.5) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert kind in basses.KINDS
    assert first.dtype == np.float32


def test_a_gliding_bass_has_one_note_at_a_time_and_reaches_each() -> None:
    keys = [Key(0.0, 1.0, 33, 100), Key(1.0, 1.0, 45, 100)]
    rng = np.random.default_rng(0)
    sound = basses.KINDS["gliding"](rng, keys, 2.0)
    half = len(sound) // 2
    for part, pitch in ((sound[half // 2 : half], 33), (sound[half + half // 2 :], 45)):
        ratio = loudest_hz(part) / hz_of(pitch)
        assert abs(12 * np.log2(ratio / max(1, round(ratio)))) < 0.6


def test_a_kit_strikes_when_it_is_told() -> None:
    """Energy comes within 10 ms of each stroke, whatever the piece."""
    for note in (36, 38, 39, 42, 46, 49, 51, 45, 54, 61, 37, 76):
        keys = [Key(at_s, 0.1, note, 110) for at_s in (0.2, 1.4)]
        sound = kits.play(np.random.default_rng(note), keys, 2.5)
        assert sound.shape == (2, round(2.5 * RATE_HZ))
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() == pytest.approx(1.0)
        assert not sound[:, : round(0.199 * RATE_HZ)].any()
        struck = np.abs(sound[:, round(0.2 * RATE_HZ) : round(0.25 * RATE_HZ)]).max()
        assert struck > 0.1, note


def test_kits_differ_and_each_follows_from_its_seed() -> None:
    keys = grooves.groove(np.random.default_rng(0), random_plan(np.random.default_rng(1), 2.0))
    first, again, another = (kits.play(np.random.default_rng(seed), keys, 2.0) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.mean(axis=0), another.mean(axis=0))[0, 1]) < 0.9


def test_kicks_are_low_and_hats_high() -> None:
    for seed in range(6):
        kick, hat = (
            kits.play(np.random.default_rng(seed), [Key(0.0, 0.1, note, 110)], 0.5).mean(axis=0) for note in (36, 42)
        )
        assert share_below(kick, 300) > 0.5
        assert share_below(hat, 2000) < 0.3
