"""`python -m gpu_workers.separation.training --pool DIR --out DIR`: train patchbay-small, or go on where it stopped.

The folder `--out` holds `checkpoint.pt`, from which the same command goes on, `log.jsonl` with a line a measurement,
and `held-out.png`. `--export` writes what the checkpoint's averaged weights are into the package and ends. Over the
last third of `--steps` the learning rate falls: to finish sooner, go on with fewer.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import torch

from gpu_workers.separation.precision import keep_freed_memory
from gpu_workers.separation.small import PACKAGE
from gpu_workers.separation.small_net import SmallNet
from gpu_workers.separation.training.clips import HELD_OUT_CLIPS, HELD_OUT_SEED, examples
from gpu_workers.separation.training.evaluate import gains_db, summary
from gpu_workers.separation.training.export import export, start_from
from gpu_workers.separation.training.feed import Source, feed
from gpu_workers.separation.training.learners import MaskLearner
from gpu_workers.separation.training.loop import Settings, State, advance
from gpu_workers.separation.training.plot import draw

CHECKPOINT, LOG, PLOT = "checkpoint.pt", "log.jsonl", "held-out.png"
Examples = Callable[..., Source]
"""(pool, seed, held_out=False) -> where the clips come from; picklable."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    usual = Settings()
    made = argparse.ArgumentParser(
        prog="python -m gpu_workers.separation.training", description="Train patchbay-small."
    )
    made.add_argument("--pool", type=Path, help="the songs, made by gpu_workers.separation.training.data")
    made.add_argument("--out", type=Path, required=True, help="folder of the checkpoint, log and plot")
    made.add_argument("--steps", type=int, default=usual.steps, help=f"steps in all ({usual.steps})")
    made.add_argument("--size", type=int, default=usual.size, help=f"clips a step ({usual.size})")
    made.add_argument("--rate", type=float, default=usual.rate, help=f"learning rate ({usual.rate})")
    made.add_argument("--seed", type=int, default=usual.seed)
    made.add_argument("--minutes", type=float, default=float("inf"), help="stop after these, with a checkpoint")
    made.add_argument("--every", type=int, default=100, help="steps between measurements, each with a checkpoint")
    made.add_argument("--threads", type=int, default=1, help="threads of a CPU")
    made.add_argument("--start-from", type=Path, help="exported weights to begin with; a checkpoint goes before them")
    made.add_argument(
        "--export",
        type=Path,
        nargs="?",
        const=PACKAGE,
        metavar="DIR",
        help="write the averaged weights into DIR (the package, if left out), print their SHA-256, and end",
    )
    return made


def main(arguments: Sequence[str], opens: Examples = examples) -> int:
    """Train or export."""
    given = parser().parse_args(arguments)
    torch.set_num_threads(given.threads)
    state = _state(given)
    if given.export:
        return _export(state, given.export)
    if given.pool is None:
        parser().error("--pool is needed to train")
    given.out.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    _train(state, given, opens)
    return 0


def _state(given: argparse.Namespace) -> State:
    settings = Settings(steps=given.steps, size=given.size, rate=given.rate, seed=given.seed)
    torch.manual_seed(settings.seed)
    net = SmallNet()
    if given.start_from:
        start_from(net, given.start_from)
    state = State(MaskLearner(net.to("cuda" if torch.cuda.is_available() else "cpu")), settings)
    if (given.out / CHECKPOINT).exists():
        state.load(given.out / CHECKPOINT)
    return state


def _export(state: State, folder: Path) -> int:
    if not state.step:
        print("nothing is trained yet: there is no checkpoint in --out", file=sys.stderr)
        return 1
    held = next((entry for entry in reversed(state.history) if "mean_db" in entry), {})
    trained = {"steps": state.step, "cpu_s": round(state.cpu_s), "clips_a_step": state.settings.size}
    hashes = export(cast(SmallNet, state.averaged), {**trained, "held_out": _rounded(held)}, folder)
    print(json.dumps(hashes, indent=1))
    return 0


def _train(state: State, given: argparse.Namespace, opens: Examples) -> None:
    held = list(zip(*opens(given.pool, HELD_OUT_SEED, held_out=True).batch(0, HELD_OUT_CLIPS), strict=True))
    source = partial(opens, given.pool, given.seed)
    batches = feed(source, state.learner.prepare, given.size, state.step)
    ends = time.monotonic() + 60 * given.minutes
    try:
        while state.step < given.steps and time.monotonic() < ends:
            loss = advance(state, batches, lambda s: s.step % given.every == 0 or time.monotonic() > ends)
            gains = gains_db(lambda mixture: state.learner.separate(state.averaged, mixture), held)
            entry = {"step": state.step, "cpu_s": state.cpu_s, "loss": loss, **summary(gains)}
            state.history.append(entry)
            state.save(given.out / CHECKPOINT)
            told = json.dumps(_rounded(entry))
            with (given.out / LOG).open("a", encoding="utf-8") as log:
                log.write(told + "\n")
            print(told, flush=True)
            draw(state.history, given.out / PLOT)
    finally:
        batches.close()


def _rounded(entry: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in entry.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
