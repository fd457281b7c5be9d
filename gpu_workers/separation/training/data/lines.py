"""Notes for instruments, in many manners: held and struck chords, strums, arpeggios, riffs, solos, walks, basses."""

from collections.abc import Callable

import numpy as np

from gpu_workers.separation.fitting.programs import Key
from gpu_workers.separation.training.data.plans import Plan

Writer = Callable[[np.random.Generator, Plan, int], list[Key]]
"""Notes of a plan, centred on a MIDI number."""


def euclid(hits: int, steps: int, turn: int = 0) -> list[int]:
    """`hits` spread as evenly as can be over `steps`.

    Toussaint, "The Euclidean algorithm generates traditional musical rhythms", 2005.
    """
    return sorted({(step * steps // max(hits, 1) + turn) % steps for step in range(hits)})


def rhythm(rng: np.random.Generator, steps: int, busy: float) -> list[int]:
    """Steps of a bar that are struck: even, Euclidean or by chance with strong beats first."""
    kind = rng.random()
    if kind < 0.3:
        every = int(rng.choice([1, 2, 2, 4] if busy > 0.5 else [2, 4, 4, 8]))
        return list(range(int(rng.choice([0, 0, 0, every // 2])), steps, every))
    if kind < 0.65:
        return euclid(int(np.clip(round(steps * busy * rng.uniform(0.3, 0.8)), 1, steps)), steps, int(rng.integers(4)))
    weight = np.array([1.0 if s % 4 == 0 else 0.6 if s % 2 == 0 else 0.3 for s in range(steps)]) * (0.2 + 1.1 * busy)
    return np.flatnonzero(rng.random(steps) < weight).tolist() or [0]


def velocity(rng: np.random.Generator, step: int) -> int:
    """Strong beats harder, with chance: 20 to 127."""
    return int(np.clip((98 if step % 4 == 0 else 82) + rng.normal(0, 12), 20, 127))


def present(rng: np.random.Generator, plan: Plan) -> list[bool]:
    """In which bars a part plays: most of them, in blocks of two or four bars."""
    block, share = int(rng.choice([2, 4, 4, 8])), float(rng.choice([1.0, 1.0, 0.8, 0.6]))
    plays = [bool(rng.random() < share) for _ in range(-(-len(plan.chords) // block))]
    if not any(plays):
        plays[0] = True
    return [plays[bar // block] for bar in range(len(plan.chords))]


def key(rng: np.random.Generator, plan: Plan, bar: int, step: float, steps: float, pitch: int) -> Key:
    """A note of `steps` sixteenths as a player places it."""
    start_s = max(0.0, plan.at_s(bar, step) + rng.normal(0, 1) * plan.loose_s)
    return Key(start_s, max(steps * plan.beat_s / 4, 0.03), int(np.clip(pitch, 12, 120)), velocity(rng, int(step)))


def _voicing(rng: np.random.Generator, plan: Plan, centre: int, colours: tuple[int, ...]) -> Callable[[int], list[int]]:
    inversion = bool(rng.integers(2))
    octave = bool(rng.random() < 0.3)

    def pitches(chord: int) -> list[int]:
        if inversion:
            found = sorted({plan.near(chord + above, centre) for above in colours})
        else:
            root = plan.near(chord, centre - 4)
            found = [root + plan.above(chord, steps) for steps in colours]
        return [*found, found[0] + 12] if octave else found

    return pitches


_COLOURS = ((0, 2, 4), (0, 2, 4), (0, 2, 4, 6), (0, 4), (0, 2, 4, 6, 8), (0, 3, 4), (0, 1, 4))


def _colour(rng: np.random.Generator) -> tuple[int, ...]:
    return _COLOURS[int(rng.integers(len(_COLOURS)))]


def held(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """Long chords, a bar each or half of one."""
    pitches, plays = _voicing(rng, plan, centre, _colour(rng)), present(rng, plan)
    cuts = int(rng.choice([1, 1, 2]))
    length = plan.steps / cuts
    return [
        key(rng, plan, bar, cut * length, length * 0.98, pitch)
        for bar, chord in enumerate(plan.chords) if plays[bar]
        for cut in range(cuts) for pitch in pitches(chord)
    ]  # fmt: skip


def struck(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """Chords in a rhythm, all tones together or strummed, short or long."""
    pitches, plays = _voicing(rng, plan, centre, _colour(rng)), present(rng, plan)
    steps, gate = rhythm(rng, plan.steps, rng.uniform(0.1, 0.8)), rng.uniform(0.25, 1.1)
    strum_s = float(rng.choice([0.0, 0.0, 0.006, 0.014, 0.03]))
    keys = []
    for bar, chord in enumerate(plan.chords):
        if not plays[bar]:
            continue
        for number, step in enumerate(steps):
            length = ([*steps, plan.steps + steps[0]][number + 1] - step) * gate
            tones = pitches(chord) if number % 2 == 0 or not strum_s else pitches(chord)[::-1]
            for place, pitch in enumerate(tones):
                one = key(rng, plan, bar, step, length, pitch)
                keys.append(Key(one.start_s + place * strum_s, one.length_s, one.pitch, one.velocity))
    return keys


def arpeggio(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """Broken chords: up, down, there and back, or in an order of chance, over one octave or two."""
    tones = [0, 2, 4, 7] if rng.random() < 0.6 else [0, 2, 4, 7, 9, 11]
    orders = (tones, tones[::-1], tones + tones[-2:0:-1], rng.permutation(tones).tolist())
    order = orders[int(rng.integers(4))]
    every, gate, plays = int(rng.choice([1, 2, 2, 4])), rng.uniform(0.4, 2.5), present(rng, plan)
    return [
        key(rng, plan, bar, step, every * gate, plan.near(chord, centre) + plan.above(chord, order[n % len(order)]))
        for bar, chord in enumerate(plan.chords) if plays[bar]
        for n, step in enumerate(range(0, plan.steps, every))
    ]  # fmt: skip


def riff(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """A figure of one bar or two that comes again, on the chords or on the tonic."""
    bars = int(rng.choice([1, 2]))
    steps = [(bar, step) for bar in range(bars) for step in rhythm(rng, plan.steps, rng.uniform(0.3, 0.8))]
    degrees = rng.choice([0, 0, 1, 2, 2, 4, 4, 5, 6, 7], len(steps)).tolist()
    follows, gate, plays = bool(rng.random() < 0.6), rng.uniform(0.3, 1.0), present(rng, plan)
    double = int(rng.choice([0, 0, 0, 12, 7]))
    keys = []
    for bar, chord in enumerate(plan.chords):
        if not plays[bar]:
            continue
        home = chord if follows else 0
        base = plan.near(home, centre)
        for number, ((which, step), degree) in enumerate(zip(steps, degrees, strict=True)):
            if which != bar % bars:
                continue
            later = steps[number + 1][1] if number + 1 < len(steps) and steps[number + 1][0] == which else plan.steps
            pitch = base + plan.above(home, degree)
            keys.append(key(rng, plan, bar, step, (later - step) * gate, pitch))
            if double:
                keys.append(key(rng, plan, bar, step, (later - step) * gate, pitch + double))
    return keys


def solo(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """A line of phrases with rests between, by steps and leaps."""
    keys, step, degree = [], int(rng.choice([0, 0, 4, 8, 16])), int(rng.integers(-3, 4))
    base, fast = plan.near(0, centre), rng.uniform(0, 1)
    end = plan.steps * len(plan.chords)
    while step < end:
        for _ in range(int(rng.integers(3, 14))):
            length = int(rng.choice([1, 1, 2, 2, 3, 4] if rng.random() < fast else [2, 2, 4, 4, 6, 8]))
            degree = int(np.clip(degree + rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 4]), -7, 9))
            pitch = base + plan.above(0, degree)
            keys.append(key(rng, plan, 0, step, length * rng.uniform(0.6, 1.02), pitch))
            step += length
        step += int(rng.choice([0, 2, 4, 8, 16]))
    return keys


def walk(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """Notes of chance in the scale, now and then two together; any rhythm."""
    steps, keys, degree = rhythm(rng, plan.steps, rng.uniform(0.2, 0.9)), [], 0
    base, plays, span = plan.near(0, centre), present(rng, plan), int(rng.integers(3, 10))
    for bar in range(len(plan.chords)):
        for step in steps if plays[bar] else []:
            degree = int(np.clip(degree + rng.integers(-3, 4), -span, span))
            pitch = base + plan.above(0, degree)
            length = float(rng.choice([0.5, 1, 2, 4, 6]))
            keys.append(key(rng, plan, bar, step, length, pitch))
            if rng.random() < 0.15:
                keys.append(key(rng, plan, bar, step, length, pitch + int(rng.choice([3, 4, 5, 7, 12]))))
    return keys


def counterpoint(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """Two or three lines, the lower ones slower."""
    out = solo(rng, plan, centre + 7) + walk(rng, plan, centre - 5)
    return out + held(rng, plan, centre - 12) if rng.random() < 0.3 else out


def bass_line(rng: np.random.Generator, plan: Plan, centre: int) -> list[Key]:
    """Roots in a rhythm with fifths, octaves, thirds and passing notes; or walking, a note a beat; or one long note."""
    manner = rng.random()
    busy = 0.1 if manner < 0.2 else rng.uniform(0.25, 0.9)
    steps = list(range(0, plan.steps, 4)) if manner > 0.85 else rhythm(rng, plan.steps, busy)
    if rng.random() < 0.7 and 0 not in steps:
        steps = [0, *steps]
    gate, colour = rng.uniform(0.35, 1.02), rng.uniform(0, 0.6)
    plays = present(rng, plan) if rng.random() < 0.4 else [True] * len(plan.chords)
    keys = []
    for bar, chord in enumerate(plan.chords):
        root = plan.near(chord, centre)
        for number, step in enumerate(steps if plays[bar] else []):
            later = [*steps, plan.steps][number + 1]
            moved = number > 0 and rng.random() < (0.9 if manner > 0.85 else colour)
            pitch = root + int(rng.choice([0, 12, 7, 7, 5, -5, 3, 10, -1, 2])) if moved else root
            keys.append(key(rng, plan, bar, step, max(later - step, 1) * gate, max(pitch, 23)))
    return keys


CHORDAL: tuple[Writer, ...] = (held, struck, struck, arpeggio, riff)
LINEAR: tuple[Writer, ...] = (solo, walk, riff, arpeggio, counterpoint)
