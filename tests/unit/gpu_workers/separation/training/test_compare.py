from functools import partial

import numpy as np
import pytest

from gpu_workers.separation.training import compare
from gpu_workers.separation.training.clips import CLIP_FRAMES
from gpu_workers.separation.training.learners import Learner, MaskLearner
from gpu_workers.separation.training.loop import Settings
from tests.unit.gpu_workers.separation.small_models import Tones, tiny_net

pytestmark = pytest.mark.slow


def tiny() -> tuple[Learner, Settings]:
    return MaskLearner(tiny_net()), Settings(size=1, warm_up=2)


def test_a_budget_is_spent_in_four_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(compare.NETWORKS, "tiny", tiny)
    source = partial(Tones, 7 * 1024)
    entries = list(compare.course("tiny", source, source, cpu_s=0.4))
    assert [entry["cpu_s"] >= 0.1 * n for n, entry in enumerate(entries, start=1)] == [True] * 4
    assert all({"step", "loss", "mean_db", "worse"} <= set(entry) for entry in entries)
    assert entries[-1]["step"] >= 4


@pytest.mark.parametrize("name", ["masks", "demucs"])
def test_both_networks_take_a_clip_of_the_training(name: str) -> None:
    learner, _ = compare.NETWORKS[name]()
    mixture = np.random.default_rng(0).normal(0, 0.1, (2, CLIP_FRAMES)).astype(np.float32)
    stems = learner.separate(learner.net.eval(), mixture)
    assert stems.shape == (4, 2, CLIP_FRAMES)
    assert np.isfinite(stems).all()
