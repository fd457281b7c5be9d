"""Drum patterns as notes of General MIDI's drum map."""

import numpy as np

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data.lines import euclid, rhythm
from gpu_workers.separation.training.data.plans import Plan

KICK, SNARE, HAT, OPEN_HAT, CRASH, RIDE = 36, 38, 42, 46, 49, 51
_TOMS = (41, 43, 45, 47, 48, 50)
_SMALL = (54, 56, 60, 61, 62, 63, 64, 67, 68, 69, 70, 70, 75, 76, 77, 80, 82)
_BACKBEATS = ((4, 12), (4, 12), (4, 12), (8,), (4, 10, 12), (3, 11))


def groove(rng: np.random.Generator, plan: Plan) -> list[Key]:
    """The drums of a plan: a pattern of a bar or two with fills, breaks, cymbals and small percussion."""
    patterns = [_bar(rng, plan) for _ in range(int(rng.choice([1, 1, 2])))]
    fills, breaks = rng.uniform(0, 0.8), rng.uniform(0, 0.15)
    quiet_bars = int(rng.choice([0, 0, 0, 1, 2, 4]))
    small = _small(rng, plan)
    keys: list[Key] = []
    for bar in range(len(plan.chords)):
        if bar < quiet_bars or rng.random() < breaks:
            continue
        hits = list(patterns[bar % len(patterns)])
        if bar % 4 == 3 and rng.random() < fills:
            hits = _fill(rng, plan, hits)
        if bar % 8 == quiet_bars % 8 or rng.random() < 0.06:
            hits.append((0, int(rng.choice([CRASH, 57, 52, 55])), 100))
        for step, drum, hard in [*hits, *small]:
            if rng.random() < 0.03:
                continue
            start_s = max(0.0, plan.at_s(bar, step) + rng.normal(0, 0.7) * plan.loose_s)
            level = int(np.clip(hard * rng.uniform(0.8, 1.1), 8, 127))
            keys.append(Key(start_s, 0.12, drum, level))
    return keys


def _bar(rng: np.random.Generator, plan: Plan) -> list[tuple[float, int, int]]:
    steps = plan.steps
    kind = rng.random()
    if kind < 0.3:
        kicks = list(range(0, steps, 4))
    elif kind < 0.6:
        kicks = euclid(int(rng.integers(2, 6)), steps)
    else:
        kicks = sorted({0, *rng.choice(steps, int(rng.integers(1, 4))).tolist()})
    snares = [s for s in _BACKBEATS[int(rng.integers(len(_BACKBEATS)))] if s < steps]
    snare = int(rng.choice([38, 38, 40, 40, 39, 37]))
    hits = [(float(s), KICK if rng.random() < 0.9 else 35, 108) for s in kicks]
    hits += [(float(s), snare, 105) for s in snares]
    if rng.random() < 0.3:
        hits += [(float(s), snare, 30) for s in rng.choice(steps, 3)]
    if rng.random() < 0.15:
        hits += [(float(s), 39, 90) for s in snares]
    return hits + _time(rng, steps)


def _time(rng: np.random.Generator, steps: int) -> list[tuple[float, int, int]]:
    """Hats, a ride, toms or nothing that keep the time; trap's rolls among them."""
    timekeeper = int(rng.choice([HAT, HAT, HAT, HAT, 44, OPEN_HAT, RIDE, RIDE, 53, 59, 70, 41, 0]))
    if not timekeeper:
        return []
    played = [(float(s), timekeeper, 88 if s % 4 == 0 else 62) for s in rhythm(rng, steps, rng.uniform(0.4, 1.0))]
    if timekeeper == HAT and rng.random() < 0.4:
        played += [(float(s), OPEN_HAT, 80) for s in rng.choice(range(2, steps, 4), 2)]
    if rng.random() < 0.2:
        start, parts = float(rng.integers(steps)), int(rng.choice([3, 4, 6, 8]))
        played += [(start + n * 2 / parts, timekeeper, 50 + 5 * n) for n in range(parts)]
    return played


def _small(rng: np.random.Generator, plan: Plan) -> list[tuple[float, int, int]]:
    out: list[tuple[float, int, int]] = []
    for _ in range(int(rng.choice([0, 0, 1, 1, 2, 3]))):
        drum = int(rng.choice(_SMALL))
        out += [(float(s), drum, 80 if s % 4 == 0 else 60) for s in rhythm(rng, plan.steps, rng.uniform(0.1, 0.9))]
    return out


def _fill(rng: np.random.Generator, plan: Plan, hits: list[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    start = plan.steps - int(rng.choice([2, 4, 4, 8]))
    drums = sorted(rng.choice([*_TOMS, SNARE, SNARE], 4).tolist(), reverse=bool(rng.integers(2)))
    every = float(rng.choice([0.5, 1, 1, 2]))
    count = int((plan.steps - start) / every)
    rolled = [(start + n * every, int(drums[n * 4 // count]), 80 + 30 * n // count) for n in range(count)]
    return [hit for hit in hits if hit[0] < start] + rolled
