import itertools

import numpy as np
import pytest

from gpu_workers.analysis.pitches import pitches
from gpu_workers.analysis.structure import Section, novelty, repetition_novelty, structure
from gpu_workers.audio.spectra import Spectra
from tests.unit.gpu_workers.analysis.notes import RATE_HZ, progression

pytestmark = pytest.mark.slow

PARTS = {
    "A": ("C:maj", "A:min", "F:maj", "G:maj") * 2,
    "B": ("D:min", "D:min", "A#:maj", "A:maj") * 2,
    "C": ("E:maj", "C#:min", "B:maj", "F#:min") * 2,
}
PART_S = 12.0


def song(form: str) -> np.typing.NDArray[np.float32]:
    rng = np.random.default_rng(1)
    sounds = {}
    for number, (name, row) in enumerate(PARTS.items()):
        sound = progression(row, PART_S / 8)
        hiss = np.convolve(rng.normal(0, 0.01, len(sound)), np.ones(1 + 6 * number) / (1 + 6 * number), "same")
        sounds[name] = (sound + hiss).astype(np.float32)
    return np.concatenate([sounds[name] for name in form])


def sections(samples: np.typing.NDArray[np.float32], downbeats: tuple[float, ...] = ()) -> list[Section]:
    return structure(Spectra(samples), pitches(samples), downbeats)


@pytest.mark.parametrize("form", ["ABA", "ABAC", "AABA", "ABCB"])
def test_the_form_is_heard(form: str) -> None:
    found = sections(song(form))
    # A part that follows itself may be heard as one: there is nothing new in it.
    for begin, name in enumerate(form):
        middle = (begin + 0.5) * PART_S
        here = next(s for s in found if s.start_s <= middle < s.end_s)
        first = form.index(name)
        like = next(s for s in found if s.start_s <= (first + 0.5) * PART_S < s.end_s)
        assert here.label == like.label
    changes = [PART_S * k for k in range(1, len(form)) if form[k] != form[k - 1]]
    for change in changes:
        assert min(abs(s.start_s - change) for s in found) < 2.0
    assert len({s.label for s in found}) >= len(set(form))


def test_sections_cover_the_whole() -> None:
    samples = song("ABA")
    found = sections(samples)
    assert found[0].start_s == 0
    assert found[0].label == "A"
    assert found[-1].end_s == pytest.approx(len(samples) / RATE_HZ)
    for before, after in itertools.pairwise(found):
        assert before.end_s == after.start_s


def test_boundaries_move_to_a_first_beat_that_is_near() -> None:
    found = sections(song("ABA"), (0.2, 12.2, 24.2))
    assert [s.start_s for s in found] == [0, 12.2, 24.2]


@pytest.mark.parametrize("seconds", [0.001, 0.5, 5.0])
def test_short_sounds_have_one_section(seconds: float) -> None:
    assert len(sections(progression(("C:maj",), seconds))) == 1
    assert sections(np.zeros(0, np.float32)) == []


def test_silence_has_one_section() -> None:
    assert [s.label for s in sections(np.zeros(RATE_HZ * 40, np.float32))] == ["A"]


def test_novelty_is_highest_between_two_blocks() -> None:
    similar = np.kron(np.eye(2), np.ones((20, 20))).astype(np.float64)
    assert int(novelty(similar, 8).argmax()) == 20
    assert novelty(np.ones((40, 40)), 8) == pytest.approx(0, abs=1e-9)


def test_a_repetition_begins_where_its_stripe_does() -> None:
    row = np.concatenate((np.arange(20), np.arange(20), np.arange(100, 120)))
    found = repetition_novelty((row[:, None] == row).astype(float), 2.0)
    assert found[17:24].max() == pytest.approx(found.max())
    assert found[37:44].max() > found.max() / 4
    assert found[26:35].max() < found.max() / 10
