"""What an instrument is to the mixer: a function that plays one note, and how that note is to be used."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mono = npt.NDArray[np.float32]
"""(frames,)"""
Stereo = npt.NDArray[np.float32]
"""(2, frames)"""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One note to be played. The voice gives `frames` frames that begin with its onset."""

    pitch: int
    velocity: float
    """0 to 1; it colours the note. The mixer sets the level."""
    length_s: float
    """As long as the note is held at the most, its release included."""
    rate_hz: int
    rng: np.random.Generator

    @property
    def frames(self) -> int:
        """Length of the note."""
        return max(round(self.length_s * self.rate_hz), 1)

    @property
    def hz(self) -> float:
        """Frequency of the pitch, A4 at 440 Hz."""
        return float(440.0 * 2 ** ((self.pitch - 69) / 12))


Voice = Callable[[Stroke], Stereo]


@dataclass(frozen=True, slots=True)
class Instrument:
    """A voice and its manners."""

    voice: Voice
    level_db: float = 0.0
    """Brings a note of full velocity to the level at which the instruments of a score are balanced."""
    low: int = 21
    high: int = 108
    """Pitches that it can play; others are moved by octaves."""
    release_s: float = 0.08
    """Fade after the end of the note."""
    ring_s: float = 0.0
    """It sounds this long whatever the length of the note: drums, bells, strings that are not damped."""
    longest_s: float = 12.0
    """A longer note is rendered only so far: it has died away, or it goes on as `sustained` says."""
    sustained: bool = False
    """The sound holds: a note over `longest_s` repeats the steady part."""
    exact: bool = False
    """The shape depends on the note's length: nothing is cut from a longer one."""
    drum: bool = False
    """Its pitches are pieces of a kit, in General MIDI's order."""
    takes: int = 2
    """Renderings of one note that are played in turn."""
    layers: int = 4
    """Steps of velocity with a colour of their own."""
    range_db: float = 26.0
    """From velocity 1 down to velocity 0.1."""
    high_pass_hz: float = 100.0
    eq: tuple[tuple[float, float, float], ...] = ()
    """(frequency Hz, gain dB, Q) of bells over all notes."""
    chorus: float = 0.0
    """Depth, 0 to 1."""
    compression: float = 2.0
    """Ratio over the part's own loud passages."""

    def nearest(self, pitch: int) -> int:
        """The pitch, or the nearest octave of it that can be played."""
        if self.drum:
            return pitch
        while pitch < self.low:
            pitch += 12
        while pitch > self.high:
            pitch -= 12
        return pitch
