from __future__ import annotations

from gpu_workers.composition.chance import chance


def test_the_same_words_give_the_same_numbers() -> None:
    assert chance(1, "key").random() == chance(1, "key").random()
    assert chance(1, "key").random() != chance(2, "key").random()
    assert chance(1, "key").random() != chance(1, "form").random()


def test_the_numbers_stay_what_they_are() -> None:
    """A change here would change every piece that was ever composed."""
    assert round(chance("fixed").random(), 6) == 0.914105
