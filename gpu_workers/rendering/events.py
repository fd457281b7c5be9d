"""What sounds: a cut at a place of the mix, with its gains and ramps."""

from dataclasses import dataclass

from gpu_workers.rendering.material import Cut


@dataclass(frozen=True, slots=True)
class Ramp:
    """Half a wave of a cosine over `frames` from frame `at` of an event: up from nothing, or down to it."""

    at: int
    frames: int
    rising: bool


@dataclass(frozen=True, slots=True)
class Event:
    """A cut that sounds from frame `start` on for `frames` frames, which may be fewer than it has.

    `skip` frames of the cut, in the direction that it is played in, come before.
    """

    start: int
    frames: int
    cut: Cut
    backwards: bool
    left: float
    right: float
    ramps: tuple[Ramp, ...]
    track: int
    skip: int = 0

    @property
    def end(self) -> int:
        """The first frame without it."""
        return self.start + self.frames
