from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpu_workers.composition.score import Note, Part
from gpu_workers.composition.sound import Rendering, render
from tests.unit.gpu_workers.composition.sound import pieces

pytestmark = pytest.mark.slow

RATE_HZ = 22050


@pytest.fixture(scope="module")
def rendering() -> Rendering:
    return render(pieces.band(7.3), sample_rate_hz=RATE_HZ)


def test_the_length_is_exact(rendering: Rendering) -> None:
    assert rendering.mix.shape == (2, round(7.3 * RATE_HZ))
    assert rendering.mix.dtype == np.float32
    assert list(rendering.stems) == ["drums", "bass", "piano", "pad", "lead"]
    assert all(stem.shape == rendering.mix.shape for stem in rendering.stems.values())


def test_stems_sum_to_the_mix(rendering: Rendering) -> None:
    residue = rendering.mix.astype(np.float64) - sum(stem.astype(np.float64) for stem in rendering.stems.values())
    power = np.mean(residue**2) / np.mean(rendering.mix.astype(np.float64) ** 2)
    assert 10 * np.log10(power) < -120


def test_level_and_peaks(rendering: Rendering) -> None:
    assert rendering.lufs == pytest.approx(-14.0, abs=0.2)
    assert rendering.true_peak_dbtp < -1.0
    assert np.isfinite(rendering.mix).all()
    assert np.abs(rendering.mix.mean(axis=1)).max() < 1e-3


def test_every_part_is_heard_and_none_drowns_the_others(rendering: Rendering) -> None:
    total = float((rendering.mix**2).sum())
    shares = {name: float((stem**2).sum()) / total for name, stem in rendering.stems.items()}
    assert min(shares.values()) > 0.02, shares
    assert max(shares.values()) < 0.75, shares


def test_only_low_instruments_are_low(rendering: Rendering) -> None:
    for name in ("piano", "pad", "lead"):
        power = np.abs(np.fft.rfft(rendering.stems[name].mean(axis=0))) ** 2
        below = np.fft.rfftfreq(rendering.mix.shape[1], 1 / RATE_HZ) < 60
        assert power[below].sum() < 0.01 * power.sum(), name


def test_the_end_is_silent(rendering: Rendering) -> None:
    assert np.abs(rendering.mix[:, -2:]).max() < 1e-4


def test_same_score_same_bytes_and_another_seed_others(rendering: Rendering) -> None:
    again = render(pieces.band(7.3), sample_rate_hz=RATE_HZ)
    assert again.mix.tobytes() == rendering.mix.tobytes()
    assert all(again.stems[name].tobytes() == stem.tobytes() for name, stem in rendering.stems.items())
    other = render(pieces.band(7.3, seed=8), sample_rate_hz=RATE_HZ)
    assert not np.array_equal(other.mix, rendering.mix)


def test_no_stem_goes_over_the_ceiling_and_together_they_are_the_mix() -> None:
    # Two loud basses in unison are one stem here: it is their sum that must not clip.
    notes = [Note(b / 2, 0.5, 33, 1.0) for b in range(20)]
    parts = [
        pieces.part("low", "bass_sub", notes, gain_db=9.0),
        pieces.part("lower", "bass_sub", notes, gain_db=9.0, pan=0.6),
        pieces.part("drums", "kit_acoustic", pieces.drums(10), gain_db=-6.0),
    ]
    stems = [["low", "lower"], ["drums"], []]
    heard = render(pieces.score(parts, 5.0), sample_rate_hz=RATE_HZ, together=stems)
    sums = [np.sum([heard.stems[name] for name in names], axis=0) for names in stems if names]
    assert max(float(np.abs(one).max()) for one in sums) < 10 ** (-1 / 20)
    np.testing.assert_allclose(sum(sums), heard.mix, atol=1e-5)
    assert heard.lufs == pytest.approx(-14.0, abs=0.5)


def test_a_loop_has_no_seam() -> None:
    looped = render(pieces.band(6.0, loop=True), sample_rate_hz=RATE_HZ)
    twice = np.concatenate((looped.mix, looped.mix), axis=1)
    seam = looped.mix.shape[1]
    # Curvature shows a click; the seam's is compared with that of every other downbeat.
    bend = np.abs(np.diff(twice, 3)).max(axis=0)
    downbeats = [bend[at - 40 : at + 40].max() for at in range(RATE_HZ, 2 * seam - RATE_HZ, RATE_HZ) if at != seam]
    assert bend[seam - 40 : seam + 2].max() <= 1.2 * max(downbeats)
    assert looped.lufs == pytest.approx(-14.0, abs=0.3)


def test_a_held_tone_runs_over_the_seam_of_a_loop() -> None:
    part = pieces.part("one", "organ", [Note(0.0, 6.0, 60, 0.8), Note(6.0, 2.0, 67, 0.8)], send_room=0.6)
    looped = render(pieces.score([part], 4.0, loop=True), sample_rate_hz=RATE_HZ)
    assert np.sqrt((looped.mix[:, :400] ** 2).mean()) > 0.02
    jump = np.abs(looped.mix[:, 0] - looped.mix[:, -1]).max()
    assert jump <= 1.5 * np.abs(np.diff(looped.mix, axis=1)).max()


def test_silence_where_it_is_asked() -> None:
    notes = [Note(0.0, 1.0, 60, 0.8), Note(12.0, 1.0, 60, 0.8)]
    heard = render(pieces.score([pieces.part("one", "piano", notes, send_room=0.3)], 8.0), sample_rate_hz=RATE_HZ)
    gap = heard.mix[:, round(4.5 * RATE_HZ) : round(5.9 * RATE_HZ)]
    assert 20 * np.log10(np.abs(gap).max() / np.abs(heard.mix).max()) < -50


@pytest.mark.parametrize("parts", [[], [pieces.part("one", "piano", [])]])
def test_a_score_without_notes_is_silence(parts: list[Part]) -> None:
    silent = render(pieces.score(parts, 5.0), sample_rate_hz=RATE_HZ)
    assert not silent.mix.any()
    assert silent.lufs == -np.inf
    assert silent.true_peak_dbtp == -np.inf


def test_progress_goes_from_part_to_part() -> None:
    told: list[float] = []
    render(pieces.band(5.0), sample_rate_hz=RATE_HZ, progress=told.append)
    assert told == sorted(told)
    assert len(told) == 6
    assert told[-1] == 1.0


def test_scratch_holds_the_same_audio(tmp_path: Path, rendering: Rendering) -> None:
    mapped = render(pieces.band(7.3), sample_rate_hz=RATE_HZ, scratch=tmp_path)
    assert isinstance(mapped.mix, np.memmap)
    np.testing.assert_array_equal(mapped.mix, rendering.mix)
    assert len(list(tmp_path.iterdir())) == 6


def test_what_is_refused() -> None:
    score = pieces.band(5.0)
    with pytest.raises(ValueError, match="backend"):
        render(score, backend="tape")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one name"):
        render(replace(score, parts=(score.parts[0], score.parts[0])))
    with pytest.raises(ValueError, match="sample rate"):
        render(score, sample_rate_hz=100)


@pytest.mark.slow
def test_a_minute_of_five_instruments_keeps_its_properties() -> None:
    whole = render(pieces.band(60.0))
    assert whole.mix.shape == (2, 60 * 44100)
    assert whole.lufs == pytest.approx(-14.0, abs=0.2)
    assert whole.true_peak_dbtp < -1.0
    assert np.abs(whole.mix.mean(axis=1)).max() < 1e-3
