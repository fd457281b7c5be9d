import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.analysis.pitches import pitches
from gpu_workers.analysis.tonal import NAMES, Tonal, tonal
from tests.unit.gpu_workers.analysis.notes import RATE_HZ, progression

MAJOR = ("C:maj", "A:min", "F:maj", "G:maj", "C:maj", "F:maj", "G:maj", "C:maj")
MINOR = ("A:min", "F:maj", "D:min", "E:maj", "A:min", "D:min", "E:maj", "A:min")


def heard(samples: np.typing.NDArray[np.float32]) -> Tonal:
    return tonal(pitches(samples), len(samples) / RATE_HZ)


def moved(label: str, up: int) -> str:
    name, quality = label.split(":")
    return f"{NAMES[(NAMES.index(name) + up) % 12]}:{quality}"


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 11), st.sampled_from([(MAJOR, "C", "major"), (MINOR, "A", "minor")]))
def test_key_and_chords_move_with_the_music(up: int, case: tuple[tuple[str, ...], str, str]) -> None:
    row, tonic, scale = case
    found = heard(progression(row, 1.2, up))
    assert (found.key, found.scale) == (moved(f"{tonic}:maj", up).split(":")[0], scale)
    assert [c.label for c in found.chords if c.label != "N"] == [moved(label, up) for label in row]


def test_chords_change_when_they_do() -> None:
    found = heard(progression(MAJOR[:4], 1.5))
    spans = [c for c in found.chords if c.end_s - c.start_s > 0.5]
    assert [c.start_s for c in spans] == pytest.approx([0, 1.5, 3.0, 4.5], abs=0.2)


@settings(max_examples=6, deadline=None)
@given(st.floats(-30, 10))
def test_the_gain_changes_nothing(gain_db: float) -> None:
    samples = progression(MINOR, 0.8)
    one, other = heard(samples), heard(samples * np.float32(10 ** (gain_db / 20)))
    assert (one.key, one.scale) == (other.key, other.scale)
    assert [c.label for c in one.chords] == [c.label for c in other.chords]


def test_spans_follow_one_another_from_end_to_end() -> None:
    samples = np.concatenate((np.zeros(RATE_HZ * 2, np.float32), progression(MAJOR, 0.7)))
    found = heard(samples)
    assert found.chords[0].label == "N"
    assert found.chords[0].start_s == 0
    assert found.chords[-1].end_s == pytest.approx(len(samples) / RATE_HZ)
    for before, after in zip(found.chords[:-1], found.chords[1:], strict=True):
        assert before.end_s == after.start_s
        assert before.label != after.label


@pytest.mark.parametrize("samples", [0, 1, 5000, 60_000])
def test_silence_has_no_key_and_no_chord(samples: int) -> None:
    found = heard(np.zeros(samples, np.float32))
    assert (found.key, found.scale, found.confidence) == (None, None, 0.0)
    assert {c.label for c in found.chords} <= {"N"}


def test_noise_has_no_key() -> None:
    assert heard(np.random.default_rng(1).normal(0, 0.1, RATE_HZ * 5).astype(np.float32)).key is None
