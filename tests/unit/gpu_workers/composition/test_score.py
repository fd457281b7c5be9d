from __future__ import annotations

import pytest

from gpu_workers.composition.score import Brief, Note, SectionWish
from tests.unit.gpu_workers.composition.listening import one


def test_a_note_ends_after_its_length() -> None:
    assert Note(1.5, 0.75, 60, 0.5).end_beats == 2.25


def test_beats_and_seconds_of_a_score_agree() -> None:
    score = one("pop", "happy", length_s=20.0)
    assert score.seconds(score.duration_beats) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (((0.0, 10.0), (10.0, 10.0)), ""),
        (((0.0, 10.005), (10.0, 10.0)), ""),
        (((0.0, 9.0), (10.0, 10.0)), "due"),
        (((0.0, 11.0), (10.0, 10.0)), "due"),
        (((0.0, 10.0), (10.0, 9.0)), "end"),
        (((0.0, 0.0), (0.0, 20.0)), "length"),
        (((0.0, float("inf")),), "length"),
        (((1.0, 19.0),), "due"),
    ],
)
def test_sections_cover_the_piece(sections: tuple[tuple[float, float], ...], message: str) -> None:
    brief = Brief("pop", 20.0, sections=tuple(SectionWish("calm", start, length) for start, length in sections))
    if not message:
        brief.check()
        return
    with pytest.raises(ValueError, match=message):
        brief.check()


@pytest.mark.parametrize("duration_s", [4.99, 900.1, float("nan")])
def test_durations_out_of_bounds_are_refused(duration_s: float) -> None:
    with pytest.raises(ValueError, match="duration"):
        Brief("pop", duration_s).check()


def test_a_section_s_version_is_checked() -> None:
    with pytest.raises(ValueError, match="version"):
        Brief("pop", 20.0, sections=(SectionWish("calm", 0.0, 20.0, 7),)).check()
