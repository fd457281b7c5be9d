import numpy as np
import pytest

from gpu_workers.separation.training.evaluate import gains_db, summary
from gpu_workers.separation.training.learners import Audio
from tests.unit.gpu_workers.separation.small_models import Tones


def examples(silent: int | None = None) -> list[tuple[Audio, Audio]]:
    return list(zip(*Tones(8192, silent).batch(0, 3), strict=True))


def test_the_mixture_itself_gains_nothing() -> None:
    gains = gains_db(lambda mixture: np.stack([mixture] * 4), examples())
    for each in gains.values():
        assert each == pytest.approx([0.0] * 3, abs=1e-6)


def test_the_truth_gains_and_nothing_at_all_loses() -> None:
    (mixture, stems), *_ = examples()
    assert summary(gains_db(lambda _: stems, [(mixture, stems)]))["mean_db"] > 25
    assert summary(gains_db(lambda _: 0 * stems, [(mixture, stems)]))["worse"] == 1.0


def test_a_stem_that_is_alone_has_a_bounded_loss() -> None:
    stems = np.zeros((4, 2, 8192), np.float32)
    stems[1] = np.random.default_rng(0).normal(0, 0.1, (2, 8192))
    assert gains_db(lambda mixture: np.stack([mixture] * 4), [(stems[1], stems)])["drums"] == [0.0]
    assert gains_db(lambda mixture: 0 * stems, [(stems[1], stems)])["drums"] == [-60.0]


def test_a_silent_stem_is_left_out() -> None:
    gains = gains_db(lambda mixture: np.stack([mixture] * 4), examples(silent=2))
    assert [len(each) for each in gains.values()] == [3, 3, 0, 3]
    assert "bass_db" not in summary(gains)


def test_the_summary_counts_all_stems_alike() -> None:
    found = summary({"vocals": [4.0, 6.0], "drums": [-2.0], "bass": [], "other": []})
    together = {"mean_db": pytest.approx(8 / 3), "median_db": 4.0, "worse": pytest.approx(1 / 3)}
    assert found == {**together, "vocals_db": 5.0, "drums_db": -2.0}
    assert summary({"vocals": []}) == {}
