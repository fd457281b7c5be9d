"""`python -m gpu_workers.separation.training.compare --pool DIR`: two kinds of networks on one budget of time.

What `patchbay-small` is made of was chosen so: the mask network against a small HTDemucs, with the same songs, the same
loss and as many seconds of one core, by SI-SDR on held-out clips.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import torch

from gpu_workers.separation.precision import keep_freed_memory
from gpu_workers.separation.small_net import SmallNet
from gpu_workers.separation.training.clips import CLIP_FRAMES, HELD_OUT_CLIPS, HELD_OUT_SEED, examples
from gpu_workers.separation.training.evaluate import gains_db, summary
from gpu_workers.separation.training.feed import Open, feed
from gpu_workers.separation.training.learners import DemucsLearner, Learner, MaskLearner
from gpu_workers.separation.training.loop import Settings, State, advance
from patchbay.catalog.models import FOUR_STEMS

_MARKS = 4
"""Measurements of each, evenly over the budget."""


def masks() -> tuple[Learner, Settings]:
    """The network of `patchbay-small`."""
    return MaskLearner(SmallNet()), Settings(rate=2e-3, warm_up=30, average=0.98)


def demucs() -> tuple[Learner, Settings]:
    """HTDemucs with 8 channels: the narrowest at which it takes some hundred steps in such a budget."""
    from demucs.htdemucs import HTDemucs

    length_s = Fraction(CLIP_FRAMES, 44_100)
    net = HTDemucs(list(FOUR_STEMS), channels=8, bottom_channels=64, t_layers=2, dconv_mode=1, segment=length_s)
    return DemucsLearner(net), Settings(size=2, rate=6e-4, warm_up=30, average=0.98)


NETWORKS: dict[str, Callable[[], tuple[Learner, Settings]]] = {"masks": masks, "demucs": demucs}


def course(name: str, open_train: Open, open_held_out: Open, cpu_s: float) -> Iterator[dict[str, float]]:
    """Train one network for `cpu_s` and measure on the way: step, cpu_s, loss and `evaluate.summary`."""
    torch.manual_seed(0)
    learner, settings = NETWORKS[name]()
    state = State(learner, settings)
    held = list(zip(*open_held_out().batch(0, HELD_OUT_CLIPS), strict=True))
    batches = feed(open_train, learner.prepare, settings.size, 0)
    try:
        for mark in range(1, _MARKS + 1):
            loss = advance(state, batches, lambda s, m=mark: s.cpu_s >= cpu_s * m / _MARKS)  # type: ignore[misc]
            gains = summary(gains_db(lambda mixture: learner.separate(state.averaged, mixture), held))
            yield {"step": state.step, "cpu_s": state.cpu_s, "loss": loss, **gains}
    finally:
        batches.close()


def main(arguments: Sequence[str]) -> int:
    """Print the course of each network."""
    parser = argparse.ArgumentParser(prog="python -m gpu_workers.separation.training.compare")
    parser.add_argument("--pool", type=Path, required=True, help="the songs, made by ...training.data")
    parser.add_argument("--cpu-s", type=float, default=240, help="processor seconds for each network")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    keep_freed_memory()
    train = partial(examples, given.pool, 0)
    held_out = partial(examples, given.pool, HELD_OUT_SEED, held_out=True)
    for name in NETWORKS:
        for entry in course(name, train, held_out, given.cpu_s):
            sys.stdout.write(f"{name} {json.dumps({key: round(value, 2) for key, value in entry.items()})}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
