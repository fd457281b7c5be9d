"""Ragas and talas, as far as a short composition needs them.

Ascents, descents, vadi and samvadi follow the common Hindustani descriptions (V. N. Bhatkhande's thaat system).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Raga:
    """A raga in semitones above Sa: the ways up and down an octave, and the two notes that it dwells on."""

    name: str
    aroha: tuple[int, ...]
    avaroha: tuple[int, ...]
    vadi: int
    samvadi: int
    drone: int
    """The drone's second note: 7 for Pa, 5 for Ma where Pa is weak."""

    @property
    def steps(self) -> tuple[int, ...]:
        """All its notes within the octave, Sa first."""
        return tuple(sorted({step % 12 for step in (*self.aroha, *self.avaroha)}))


_ALL: Final = (
    Raga("Yaman", (0, 2, 4, 6, 7, 9, 11, 12), (12, 11, 9, 7, 6, 4, 2, 0), 4, 11, 7),
    Raga("Bilawal", (0, 2, 4, 5, 7, 9, 11, 12), (12, 11, 9, 7, 5, 4, 2, 0), 9, 4, 7),
    Raga("Khamaj", (0, 4, 5, 7, 9, 11, 12), (12, 10, 9, 7, 5, 4, 2, 0), 4, 11, 7),
    Raga("Kafi", (0, 2, 3, 5, 7, 9, 10, 12), (12, 10, 9, 7, 5, 3, 2, 0), 7, 0, 7),
    Raga("Bhairav", (0, 1, 4, 5, 7, 8, 11, 12), (12, 11, 8, 7, 5, 4, 1, 0), 8, 1, 7),
    Raga("Bhairavi", (0, 1, 3, 5, 7, 8, 10, 12), (12, 10, 8, 7, 5, 3, 1, 0), 5, 0, 7),
    Raga("Asavari", (0, 2, 5, 7, 8, 12), (12, 10, 8, 7, 5, 3, 2, 0), 8, 3, 7),
    Raga("Todi", (0, 1, 3, 6, 8, 11, 12), (12, 11, 8, 7, 6, 3, 1, 0), 8, 3, 7),
    Raga("Bhupali", (0, 2, 4, 7, 9, 12), (12, 9, 7, 4, 2, 0), 4, 9, 7),
    Raga("Durga", (0, 2, 5, 7, 9, 12), (12, 9, 7, 5, 2, 0), 9, 2, 7),
    Raga("Malkauns", (0, 3, 5, 8, 10, 12), (12, 10, 8, 5, 3, 0), 5, 0, 5),
    Raga("Desh", (0, 2, 5, 7, 11, 12), (12, 10, 9, 7, 5, 4, 2, 0), 2, 7, 7),
    Raga("Hamsadhwani", (0, 2, 4, 7, 11, 12), (12, 11, 7, 4, 2, 0), 0, 7, 7),
    Raga("Marwa", (0, 1, 4, 6, 9, 11, 12), (12, 11, 9, 6, 4, 1, 0), 1, 9, 9),
)
RAGAS: Final = {raga.name: raga for raga in _ALL}

FOR_EMOTION: Final = {
    "sad": ("Kafi", "Bhairavi", "Asavari"),
    "calm": ("Yaman", "Bhupali", "Bilawal"),
    "motivational": ("Durga", "Hamsadhwani", "Desh"),
    "happy": ("Khamaj", "Bilawal", "Desh"),
    "scary": ("Todi", "Bhairav"),
    "cheerful": ("Hamsadhwani", "Khamaj", "Bilawal"),
    "angry": ("Malkauns", "Bhairav"),
    "triumphant": ("Hamsadhwani", "Durga", "Bhairav"),
    "relaxing": ("Bhupali", "Yaman", "Durga"),
    "depressing": ("Asavari", "Bhairavi", "Todi"),
    "dreamy": ("Yaman", "Bhupali"),
    "inspirational": ("Desh", "Bhairav", "Yaman"),
    "energetic": ("Hamsadhwani", "Durga", "Khamaj"),
    "joyful": ("Khamaj", "Hamsadhwani", "Bhupali"),
    "tense": ("Marwa", "Malkauns", "Todi"),
    "fearful": ("Todi", "Bhairavi", "Marwa"),
}
"""The ragas that suit each emotion, the best first."""


@dataclass(frozen=True, slots=True)
class Tala:
    """A rhythmic cycle: its theka, one bol for each beat or half beat, and how many bols go into a bar of the score."""

    name: str
    theka: tuple[str, ...]
    beats_per_bar: int
    bols_per_beat: int

    @property
    def bars(self) -> int:
        """How many bars of the score one cycle takes."""
        return len(self.theka) // (self.beats_per_bar * self.bols_per_beat)


TALAS: Final = {
    "teental": Tala(
        "teental",
        ("dha", "dhin", "dhin", "dha", "dha", "dhin", "dhin", "dha",
         "dha", "tin", "tin", "na", "na", "dhin", "dhin", "dha"),
        4,
        1,
    ),
    "keherwa": Tala("keherwa", ("dha", "ge", "na", "tin", "na", "ka", "dhin", "na"), 4, 2),
    "dadra": Tala("dadra", ("dha", "dhin", "na", "dha", "tun", "na"), 3, 2),
}  # fmt: skip

STROKES: Final[dict[str, tuple[str, ...]]] = {
    "dha": ("ge", "na"),
    "dhin": ("ge", "tin"),
    "dhun": ("ge", "tun"),
    "na": ("na",),
    "tin": ("tin",),
    "tun": ("tun",),
    "ge": ("ge",),
    "ka": ("ka",),
    "te": ("te",),
    "re": ("re",),
}
"""The strokes that sound together in each bol."""
