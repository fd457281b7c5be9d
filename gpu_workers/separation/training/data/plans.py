"""What the players of a song agree on: length, tempo, metre, swing, scale and the chord of each bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Mono = npt.NDArray[np.float32]
"""(frames,), near full scale at the most."""
Stereo = npt.NDArray[np.float32]
"""(2, frames)"""

RATE_HZ = 44_100
STEMS = ("vocals", "drums", "bass", "other")

_SCALES = (
    (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 5, 7, 9, 10),
    (0, 2, 4, 6, 7, 9, 11), (0, 1, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 11),
)  # fmt: skip
_SCALE_SHARES = (0.33, 0.33, 0.1, 0.1, 0.04, 0.04, 0.06)
_NEXT = {
    0: (3, 3, 4, 4, 5, 5, 2, 1, 6, 0), 1: (4, 4, 3, 0), 2: (5, 3, 3, 1), 3: (0, 4, 4, 1, 5), 4: (0, 0, 5, 3),
    5: (3, 3, 1, 4, 2), 6: (0, 2, 5),
}  # fmt: skip
_EVERY_HELD = 5

T = TypeVar("T")
F = TypeVar("F", np.float32, np.float64)


@dataclass(frozen=True)
class Plan:
    """The frame of a song. `scale` holds semitones over `tonic` (a pitch class), lowest first."""

    seconds: float
    beat_s: float
    beats_a_bar: int
    swing: float
    """By which share of a sixteenth every second one comes late."""
    tonic: int
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    """Degree of the scale that each bar's chord stands on."""
    loose_s: float = 0.005
    """How far players stray from the grid."""

    @property
    def steps(self) -> int:
        """Sixteenths of a bar."""
        return 4 * self.beats_a_bar

    @property
    def bar_s(self) -> float:
        """Length of a bar."""
        return self.beats_a_bar * self.beat_s

    def at_s(self, bar: int, step: float) -> float:
        """When a sixteenth of a bar comes; steps may go past the bar."""
        late = self.swing if int(step) % 2 else 0.0
        return bar * self.bar_s + (step + late) * self.beat_s / 4

    def pitch(self, degree: int, low: int) -> int:
        """MIDI number of a degree: degree 0 is the lowest tonic at or above `low`, degrees go on past the octave."""
        octave, step = divmod(degree, len(self.scale))
        return low + (self.tonic - low) % 12 + self.scale[step] + 12 * octave

    def above(self, degree: int, steps: int) -> int:
        """Semitones from a degree to one `steps` of the scale higher."""
        degree %= len(self.scale)
        return self.pitch(degree + steps, 0) - self.pitch(degree, 0)

    def near(self, degree: int, centre: int) -> int:
        """MIDI number of a degree in the octave around `centre`."""
        pitch = self.tonic + self.scale[degree % len(self.scale)]
        return centre - 6 + (pitch - centre + 6) % 12


def random_plan(rng: np.random.Generator, seconds: float) -> Plan:
    """A plan of any tempo from 60 to 180 and any key."""
    beats = int(rng.choice([4, 4, 4, 4, 4, 3]))
    beat_s = 60.0 / float(np.exp(rng.uniform(np.log(62), np.log(178))))
    bars = int(np.ceil(seconds / (beats * beat_s)))
    loop = int(rng.choice([1, 2, 4, 4, 4, 8]))
    chords = [int(rng.choice([0, 0, 0, 5, 3]))]
    while len(chords) < loop:
        chords.append(int(rng.choice(_NEXT[chords[-1]])))
    swing = float(rng.choice([0.0, 0.0, 0.0, 0.0, 0.18, 0.33, 0.6]))
    scale = _SCALES[int(rng.choice(len(_SCALES), p=_SCALE_SHARES))]
    walked = tuple(chords[bar % loop] for bar in range(bars))
    loose_s = float(rng.choice([0.0, 0.003, 0.006, 0.012]))
    return Plan(seconds, beat_s, beats, swing, int(rng.integers(12)), scale, walked, loose_s)


def choose(rng: np.random.Generator, options: Sequence[T], *, held: bool) -> T:
    """One of the options; every fifth is kept for held-out songs, which are given no other.

    With fewer than five options all songs share them.
    """
    if len(options) >= _EVERY_HELD:
        options = [one for i, one in enumerate(options) if (i % _EVERY_HELD == _EVERY_HELD - 2) == held]
    return options[int(rng.integers(len(options)))]


def fitted(sound: npt.NDArray[F], frames: int) -> npt.NDArray[F]:
    """`sound` cut, or filled with silence, to `frames` along its last axis."""
    if sound.shape[-1] >= frames:
        return sound[..., :frames]
    return np.pad(sound, [(0, 0)] * (sound.ndim - 1) + [(0, frames - sound.shape[-1])])


def lay(track: npt.NDArray[F], sound: npt.NDArray[F], start: int) -> None:
    """Add `sound` to `track` from frame `start` on, as far as it reaches; shapes agree but for the last axis."""
    first = max(-start, 0)
    count = min(sound.shape[-1] - first, track.shape[-1] - max(start, 0))
    if count > 0:
        track[..., start + first : start + first + count] += sound[..., first : first + count]


def hz_of(pitch: float) -> float:
    """Frequency of a MIDI number, A4 at 440 Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))
