"""The training loop: resumable, seeded, one step a batch, with an average of the weights beside them."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gpu_workers.separation.training.learners import Arrays, Learner


@dataclass(frozen=True)
class Settings:
    """How the training goes."""

    steps: int = 4000
    size: int = 4
    """Clips a step."""
    rate: float = 3e-3
    warm_up: int = 100
    """Steps until the learning rate is there; in the last third of `steps` it falls to nothing."""
    decay: float = 1e-2
    """AdamW's weight decay."""
    average: float = 0.998
    """What of the averaged weights a step keeps."""
    clip: float = 5.0
    """Largest norm of the gradient."""
    seed: int = 0


@dataclass
class State:
    """All that a checkpoint holds."""

    learner: Learner
    settings: Settings
    step: int = 0
    cpu_s: float = 0.0
    """Processor seconds spent on steps, in all runs."""
    history: list[dict[str, float]] = field(default_factory=list)
    """One entry a measurement: step, cpu_s, loss and what the measurement found."""

    def __post_init__(self) -> None:
        self.device = next(self.learner.net.parameters()).device
        self.averaged = copy.deepcopy(self.learner.net).eval().requires_grad_(False)
        self.optimiser = torch.optim.AdamW(
            self.learner.net.parameters(), lr=self.settings.rate, weight_decay=self.settings.decay
        )

    def save(self, path: Path) -> None:
        """Write the checkpoint; a crash leaves the old one whole."""
        partial = path.with_suffix(".part")
        torch.save(
            {
                "net": self.learner.net.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                **{name: getattr(self, name) for name in ("step", "cpu_s", "history")},
            },
            partial,
        )
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same network. Raises RuntimeError for another's."""
        found: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        self.learner.net.load_state_dict(found["net"])
        self.averaged.load_state_dict(found["averaged"])
        self.optimiser.load_state_dict(found["optimiser"])
        self.step, self.cpu_s, self.history = found["step"], found["cpu_s"], found["history"]


def rate_at(step: int, settings: Settings) -> float:
    """The learning rate: a linear rise, level, a linear fall over the last third of the steps."""
    falling = 3 * (settings.steps - step) / max(settings.steps, 1)
    return settings.rate * max(min(1.0, (step + 1) / settings.warm_up, falling), 0.0)


def advance(state: State, batches: Iterator[Arrays], until: Callable[[State], bool]) -> float:
    """Take steps until the last is done or `until` says so. Returns the mean loss of these steps."""
    losses = []
    net = state.learner.net.train()
    while state.step < state.settings.steps:
        batch = {name: torch.from_numpy(part).to(state.device) for name, part in next(batches).items()}
        began = time.process_time()
        for group in state.optimiser.param_groups:
            group["lr"] = rate_at(state.step, state.settings)
        state.optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=state.device.type == "cuda"):
            loss = state.learner.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), state.settings.clip)
        state.optimiser.step()
        _average(state.averaged, net, min(state.settings.average, (state.step + 1) / (state.step + 10)))
        state.step += 1
        state.cpu_s += time.process_time() - began
        losses.append(loss.item())
        if until(state):
            break
    return sum(losses) / max(len(losses), 1)


@torch.no_grad()
def _average(averaged: nn.Module, net: nn.Module, keep: float) -> None:
    """Move the average towards the weights and the statistics of the normalisation."""
    for mean, now in zip(averaged.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - keep)
        else:
            mean.copy_(now)
