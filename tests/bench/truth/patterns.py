"""Rhythms of a bar, as musicians play them: positions and lengths in beats, with the tempi where they are played."""

from dataclasses import dataclass

import numpy as np

Stroke = tuple[float, float, float]
"""Position in the bar and length, both in beats, and loudness of 0 to 1."""


@dataclass(frozen=True)
class Comp:
    """How chords are played."""

    name: str
    meter: int
    tempo_bpm: tuple[float, float]
    strokes: tuple[Stroke, ...]
    broken: bool = False
    """One note of the chord for each stroke instead of all."""
    needs_drums: bool = False


def _even(meter: int, step: float, accent: float = 0.25) -> tuple[Stroke, ...]:
    positions = np.arange(0, meter, step)
    return tuple((float(p), step, 0.9 - accent * (p % 1 > 0) + 0.1 * (p == 0)) for p in positions)


COMPS = (
    Comp("whole", 4, (60, 200), ((0, 4, 0.8),)),
    Comp("halves", 4, (80, 200), ((0, 2, 0.9), (2, 2, 0.75))),
    Comp("quarters", 4, (60, 200), tuple((float(p), 0.8, 0.9 - 0.1 * (p % 2)) for p in range(4))),
    Comp("eighths", 4, (60, 150), _even(4, 0.5)),
    Comp("broken eighths", 4, (60, 165), _even(4, 0.5), broken=True),
    Comp("broken quarters", 4, (120, 200), _even(4, 1.0), broken=True),
    Comp("broken sixteenths", 4, (60, 95), _even(4, 0.25), broken=True),
    Comp("three three two", 4, (70, 160), ((0, 1.4, 1.0), (1.5, 1.4, 0.9), (3, 0.9, 0.85))),
    Comp("charleston", 4, (90, 200), ((0, 1.2, 1.0), (1.5, 0.6, 0.85))),
    Comp("pushed", 4, (80, 180), ((0, 1.5, 0.95), (1.5, 1.0, 0.8), (2.5, 0.5, 0.7), (3, 1.0, 0.8))),
    Comp(
        "strummed", 4, (70, 140),
        ((0, 1, 1.0), (1, 0.5, 0.8), (1.5, 1, 0.6), (2.5, 0.5, 0.6), (3, 0.5, 0.8), (3.5, 0.5, 0.6)),
    ),
    Comp("off beats", 4, (70, 170), tuple((p + 0.5, 0.3, 0.85) for p in range(4)), needs_drums=True),
    Comp("bossa", 4, (100, 160), ((0, 1.0, 0.9), (1, 0.4, 0.6), (1.5, 1.0, 0.8), (2.5, 0.9, 0.75), (3.5, 0.5, 0.7))),
    Comp(
        "sixteenth funk", 4, (75, 112),
        ((0, 0.3, 1.0), (0.75, 0.3, 0.7), (1.5, 0.4, 0.8), (2.25, 0.3, 0.6), (2.75, 0.3, 0.8), (3.5, 0.3, 0.7)),
    ),
    Comp("waltz", 3, (80, 200), ((1, 0.7, 0.7), (2, 0.7, 0.7))),
    Comp("dotted", 3, (60, 200), ((0, 3, 0.85),)),
    Comp("three quarters", 3, (60, 200), tuple((float(p), 0.85, 0.8 + 0.15 * (p == 0)) for p in range(3))),
    Comp("broken three", 3, (60, 170), _even(3, 0.5), broken=True),
)  # fmt: skip

BASSES: dict[int, tuple[tuple[tuple[float, float], tuple[Stroke, ...]], ...]] = {
    4: (
        ((60, 200), ((0, 4, 0.9),)),
        ((60, 200), ((0, 2, 1.0), (2, 2, 0.85))),
        ((60, 200), tuple((float(p), 0.9, 0.9) for p in range(4))),
        ((60, 165), _even(4, 0.5, 0.1)),
        ((70, 170), ((0, 1.5, 1.0), (1.5, 1.5, 0.8), (3, 1, 0.85))),
        ((80, 180), ((0, 1.5, 1.0), (1.5, 0.5, 0.7), (2, 1.5, 0.9), (3.5, 0.5, 0.7))),
        ((70, 115), ((0, 0.7, 1.0), (0.75, 0.5, 0.7), (1.5, 0.5, 0.8), (2.5, 0.4, 0.85), (3.25, 0.5, 0.7))),
        ((70, 170), ((0, 2.4, 1.0), (2.5, 1.4, 0.8))),
    ),
    3: (((60, 200), ((0, 3, 1.0),)), ((60, 200), ((0, 2, 1.0), (2, 1, 0.7)))),
}
"""For each metre: tempi, and the strokes of the bass."""


@dataclass(frozen=True)
class Groove:
    """What a drummer plays: positions in beats for each drum, of one bar or of two."""

    name: str
    meter: int
    tempo_bpm: tuple[float, float]
    strokes: dict[str, tuple[float, ...]]
    bars: int = 1
    swing: bool = False


def _grid(meter: int, step: float, first: float = 0.0) -> tuple[float, ...]:
    return tuple(float(p) for p in np.arange(first, meter, step))


_EIGHTHS, _QUARTERS, _SIXTEENTHS = _grid(4, 0.5), _grid(4, 1.0), _grid(4, 0.25)
_RIDE = (0.0, 1.0, 1.5, 2.0, 3.0, 3.5)

GROOVES = (
    Groove("rock", 4, (65, 160), {"kick": (0, 2), "snare": (1, 3), "hat": _EIGHTHS}),
    Groove("rock", 4, (75, 150), {"kick": (0, 2, 2.5), "snare": (1, 3), "hat": _EIGHTHS}),
    Groove("rock", 4, (75, 150), {"kick": (0, 1.5, 2), "snare": (1, 3), "hat": _EIGHTHS}),
    Groove("pop", 4, (80, 145), {"kick": (0, 2.5), "snare": (1, 3), "hat": _EIGHTHS}),
    Groove("slow rock", 4, (60, 90), {"kick": (0, 2), "snare": (1, 3), "hat": _SIXTEENTHS}),
    Groove("ballad", 4, (60, 95), {"kick": (0, 1.5, 2), "rim": (1, 3), "hat": _EIGHTHS}),
    Groove("four on the floor", 4, (100, 150), {"kick": _QUARTERS, "clap": (1, 3), "open": _grid(4, 1.0, 0.5)}),
    Groove("four on the floor", 4, (100, 140), {"kick": _QUARTERS, "snare": (1, 3), "hat": _SIXTEENTHS}),
    Groove("half time", 4, (115, 150), {"kick": (0, 2.5), "snare": (2,), "hat": _EIGHTHS}),
    Groove("funk", 4, (75, 112), {"kick": (0, 0.75, 2.5), "snare": (1, 3), "hat": _SIXTEENTHS}),
    Groove("funk", 4, (80, 112), {"kick": (0, 1.75, 2.25), "snare": (1, 3), "hat": _EIGHTHS}),
    Groove(
        "bossa", 4, (100, 165),
        {"kick": (0, 1.5, 2, 3.5, 4, 5.5, 6, 7.5), "rim": (0, 1.5, 3, 5, 6.5), "hat": _grid(8, 0.5)}, bars=2,
    ),
    Groove("swing", 4, (105, 200), {"kick": (0,), "ride": _RIDE, "hat": (1, 3)}, swing=True),
    Groove("swing", 4, (120, 200), {"kick": (0, 2), "ride": _RIDE, "hat": (1, 3), "rim": (3,)}, swing=True),
    Groove("shuffle", 4, (75, 150), {"kick": (0, 2), "snare": (1, 3), "hat": _EIGHTHS}, swing=True),
    Groove("fast rock", 4, (145, 200), {"kick": (0, 2), "snare": (1, 3), "hat": _QUARTERS}),
    Groove("fast rock", 4, (145, 200), {"kick": (0, 2, 2.5), "snare": (1, 3), "hat": _EIGHTHS}),
    Groove("train", 4, (110, 200), {"kick": (0, 2), "snare": (0.5, 1, 1.5, 2.5, 3, 3.5)}),
    Groove("shaker", 4, (70, 140), {"kick": (0, 2), "shaker": _EIGHTHS}),
    Groove("waltz", 3, (80, 200), {"kick": (0,), "hat": (1, 2)}),
    Groove("waltz", 3, (70, 170), {"kick": (0,), "snare": (2,), "hat": _grid(3, 0.5)}),
    Groove("jazz waltz", 3, (100, 190), {"kick": (0,), "ride": (0, 1, 1.5, 2), "hat": (1,)}, swing=True),
    Groove("slow three", 3, (60, 110), {"kick": (0,), "rim": (1, 2), "hat": _grid(3, 0.5)}),
)  # fmt: skip

_CELLS = ((1.0,), (0.5, 0.5), (1.5, 0.5), (2.0,), (0.5, 1.0, 0.5), (0.75, 0.25), (0.25, 0.25, 0.5))
_CELL_TEMPI = ((60, 220), (60, 190), (70, 220), (90, 220), (70, 150), (60, 115), (60, 105))


def motif(meter: int, bpm: float, rng: np.random.Generator) -> tuple[Stroke, ...]:
    """A melody's rhythm for a bar; a stroke of no loudness is a rest."""
    able = [cell for cell, (low, high) in zip(_CELLS, _CELL_TEMPI, strict=True) if low <= bpm <= high]
    at, strokes = 0.0, []
    while at < meter - 1e-9:
        cell = able[int(rng.integers(len(able)))]
        if at + sum(cell) > meter:
            cell = (1.0,)
        for length in cell:
            rest = rng.random() < (0.12 if at else 0.05)
            strokes.append((at, length, 0.0 if rest else 0.75 + 0.2 * (at % 1 == 0) - 0.1 * (at % 0.5 > 0)))
            at += length
    return tuple(strokes)


def fitting_comps(meter: int, bpm: float, *, drums: bool) -> list[Comp]:
    """The ways to play chords in this metre at this tempo."""
    return [
        comp
        for comp in COMPS
        if comp.meter == meter and comp.tempo_bpm[0] <= bpm <= comp.tempo_bpm[1] and (drums or not comp.needs_drums)
    ]


def fitting_basses(meter: int, bpm: float) -> list[tuple[Stroke, ...]]:
    """The bass lines in this metre at this tempo."""
    return [strokes for (low, high), strokes in BASSES[meter] if low <= bpm <= high]


def fitting_grooves(meter: int, bpm: float) -> list[Groove]:
    """The drum patterns in this metre at this tempo, the nearest one where none fits."""
    own = [groove for groove in GROOVES if groove.meter == meter]
    fit = [groove for groove in own if groove.tempo_bpm[0] <= bpm <= groove.tempo_bpm[1]]
    return fit or [min(own, key=lambda g: min(abs(bpm - edge) for edge in g.tempo_bpm))]
