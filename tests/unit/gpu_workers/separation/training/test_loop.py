from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gpu_workers.separation.training.learners import Arrays, MaskLearner, prepare_masks
from gpu_workers.separation.training.loop import Settings, State, advance, rate_at
from tests.unit.gpu_workers.separation.small_models import Tones, tiny_net

SETTINGS = Settings(steps=8, size=2, warm_up=2, average=0.5)


def batches(first: int = 0, frames: int = 15 * 1024) -> Iterator[Arrays]:
    source = Tones(frames)
    while True:
        yield prepare_masks(*source.batch(first, SETTINGS.size), first)
        first += 1


def fresh(settings: Settings = SETTINGS, seed: int = 0) -> State:
    return State(MaskLearner(tiny_net(seed)), settings)


def never(state: State) -> bool:
    return False


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    settings = Settings(steps=900, rate=1.0, warm_up=10)
    assert [rate_at(step, settings) for step in (0, 4, 10, 599)] == [0.1, 0.5, 1.0, 1.0]
    assert rate_at(750, settings) == pytest.approx(0.5)
    assert rate_at(900, settings) == 0.0
    assert rate_at(2000, settings) == 0.0


def test_tones_are_learnt() -> None:
    state = fresh(Settings(steps=60, size=2, rate=1e-2, warm_up=5, average=0.9))
    before = advance(state, batches(), lambda s: s.step == 5)
    after = advance(state, batches(5), never)
    assert after < before - 5
    assert state.step == 60


def test_going_on_from_a_checkpoint_is_going_on(tmp_path: Path) -> None:
    whole = fresh()
    advance(whole, batches(), never)
    half = fresh()
    advance(half, batches(), lambda s: s.step == 3)
    half.history.append({"step": 3, "mean_db": 1.5})
    half.save(tmp_path / "checkpoint.pt")
    resumed = fresh(seed=1)
    resumed.load(tmp_path / "checkpoint.pt")
    assert (resumed.step, resumed.history, resumed.cpu_s) == (3, half.history, half.cpu_s)
    advance(resumed, batches(3), never)
    for name, weight in whole.learner.net.state_dict().items():
        torch.testing.assert_close(resumed.learner.net.state_dict()[name], weight, atol=0, rtol=0)
    for name, weight in whole.averaged.state_dict().items():
        torch.testing.assert_close(resumed.averaged.state_dict()[name], weight, atol=0, rtol=0)


def test_the_average_follows_the_weights() -> None:
    state = fresh()
    first = [weight.clone() for weight in state.averaged.parameters()]
    advance(state, batches(), never)
    for start, mean, now in zip(first, state.averaged.parameters(), state.learner.net.parameters(), strict=True):
        assert (mean - now).norm() <= (start - now).norm() + 1e-6
    assert not state.averaged.training
    assert not any(weight.requires_grad for weight in state.averaged.parameters())


def test_a_write_that_fails_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    state = fresh()
    state.save(path)
    before = path.read_bytes()
    (tmp_path / "checkpoint.part").mkdir()
    with pytest.raises(RuntimeError, match="open file failed"):
        state.save(path)
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    fresh().save(tmp_path / "checkpoint.pt")
    other = State(MaskLearner(type(tiny_net())((4, 8, 8), detail=4)), SETTINGS)
    with pytest.raises(RuntimeError, match="size mismatch"):
        other.load(tmp_path / "checkpoint.pt")


def test_no_step_is_taken_past_the_last() -> None:
    state = fresh(Settings(steps=2, size=2))
    advance(state, batches(), never)
    assert advance(state, batches(), never) == 0.0
    assert state.step == 2
