import pytest
import torch
from torch import nn

from gpu_workers.separation.small_cells import CELLS, FEATURES
from gpu_workers.separation.small_net import SmallNet
from tests.unit.gpu_workers.separation.small_models import tiny_net


def seen(frames: int, batch: int = 1, seed: int = 0) -> torch.Tensor:
    return torch.randn(batch, FEATURES, frames, CELLS, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("frames", [1, 2, 7, 8, 9, 33])
def test_any_number_of_frames(frames: int) -> None:
    assert tiny_net()(seen(frames, batch=2)).shape == (2, 4, frames, CELLS)


@pytest.mark.parametrize("first", [0, 1])
def test_some_frames_are_the_same_as_those_of_all(first: int) -> None:
    net, features = tiny_net(), seen(17)
    every = slice(first, None, 2)
    torch.testing.assert_close(net(features, every), net(features)[:, :, every])


def test_each_clip_is_seen_by_itself() -> None:
    net, features = tiny_net(), seen(16, batch=3)
    torch.testing.assert_close(net(features)[1:2], net(features[1:2]), atol=1e-4, rtol=1e-4)


def test_every_weight_learns() -> None:
    net = tiny_net().train()
    net(seen(16, batch=2)).square().sum().backward()
    idle = [name for name, weight in net.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not idle


def test_what_comes_later_than_it_can_see_does_not_matter() -> None:
    net, features = tiny_net(), seen(600)
    changed = features.clone()
    changed[:, :, 400:] = 0.0
    torch.testing.assert_close(net(changed)[:, :, :100], net(features)[:, :, :100])


def test_the_weights_stay_below_ten_megabytes() -> None:
    net: nn.Module = SmallNet()
    assert 2 * sum(weight.numel() for weight in net.parameters()) < 10e6
