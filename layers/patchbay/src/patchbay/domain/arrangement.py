"""An arrangement: clips of sources on tracks, at beats of a tempo; and which of them sounds when.

**Loops.** The clips of a track with `loop_every` begin anew every so many beats, the first time at beat 0. "auto" is
the end of the track's last clip, rounded up to whole bars of four beats (a twentieth of a beat past a bar is padding of
a file, not another bar). A repetition cuts nothing off: what is longer than the loop rings on into the next. Loops run
to the end of the longest track without one, or to the end of the range that is wanted where that is later; if every
track loops, once through the longest. What then still sounds is cut there.

**Solo.** With a soloed clip only that is heard, with a soloed track only what is on it; that it, or its track, is
muted does not count then. Clips that are muted on a soloed track stay so. Neither changes the length.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from patchbay.domain.errors import InvalidInput

MAX_TRACKS = 128
MAX_CLIPS = 5000
MAX_SOURCES = 256
MAX_PLACEMENTS = 100_000
"""Loops unrolled."""
MAX_LENGTH_S = 6 * 3600.0
MAX_PLACED_S = MAX_TRACKS * MAX_LENGTH_S
"""Of all placements together: every track full from beginning to end."""
BAR_BEATS = 4.0
TEMPO_SYNC: Literal["tempo-sync"] = "tempo-sync"
_PADDING_BEATS = 0.05

Tempo = Annotated[float, Field(ge=20, le=999)]
Beats = Annotated[float, Field(ge=0, le=400_000)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Volume = Annotated[float, Field(ge=0, le=4)]
"""Linear amplitude."""
Pan = Annotated[float, Field(ge=-1, le=1)]
"""-1 is left, 1 is right."""
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Source(_Part):
    """Audio that clips are cut from: the task's input of that name."""

    name: Name
    tempo_bpm: Tempo | None = None
    """None: unknown. Clips in `tempo-sync` then have it estimated."""


class Clip(_Part):
    """A piece of a source at a place of the timeline. It is cut, then turned round, then made faster or slower."""

    id: Name
    source: Name
    start_beats: Beats
    cut_start_s: Seconds = 0.0
    cut_end_s: Seconds | None = None
    """A position in the source, not a length; None, or what lies past its end: to its end."""
    volume: Volume = 1.0
    pan: Pan = 0.0
    muted: bool = False
    semitones: float = Field(0.0, ge=-48, le=48)
    """Moves the pitch and leaves the length as it is."""
    reversed: bool = False
    speed: Annotated[float, Field(ge=0.1, le=10)] | Literal["tempo-sync"] = 1.0
    """2 is twice as fast; `tempo-sync` is the arrangement's tempo over the source's, held to the same range."""
    preserve_pitch: bool = True
    """False: as a tape does, faster is higher."""
    fade_in_s: float = Field(0.0, ge=0, le=3600)
    """Seconds of the timeline; raised cosine, as long as the clip at most."""
    fade_out_s: float = Field(0.0, ge=0, le=3600)

    @model_validator(mode="after")
    def _cut(self) -> Self:
        if self.cut_end_s is not None and self.cut_end_s <= self.cut_start_s:
            raise ValueError("cut_end_s is a position in the source and has to be after cut_start_s")
        return self


class Track(_Part):
    """Clips that share a fader. They may overlap: they are then heard together."""

    id: Name
    name: str = Field("", max_length=200)
    clips: tuple[Clip, ...] = Field((), max_length=MAX_CLIPS)
    volume: Volume = 1.0
    pan: Pan = 0.0
    muted: bool = False
    loop_every: Annotated[float, Field(ge=1 / 16, le=400_000)] | Literal["auto"] | None = None
    """In beats."""


class Arrangement(_Part):
    """Tracks at a tempo, and the sources that they are made of."""

    tempo_bpm: Tempo
    tracks: tuple[Track, ...] = Field((), max_length=MAX_TRACKS)
    sources: tuple[Source, ...] = Field((), max_length=MAX_SOURCES)
    solo_track: str | None = None
    solo_clip: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        clips = [clip for track in self.tracks for clip in track.clips]
        if len(clips) > MAX_CLIPS:
            raise ValueError(f"there are {len(clips)} clips; {MAX_CLIPS} are the most")
        _unique("source", (source.name for source in self.sources))
        _unique("track", (track.id for track in self.tracks))
        _unique("clip", (clip.id for clip in clips))
        names = {source.name for source in self.sources}
        foreign = next((clip for clip in clips if clip.source not in names), None)
        if foreign:
            raise ValueError(f"clip {foreign.id!r} is of {foreign.source!r}, which is not among the sources")
        if self.solo_track is not None and self.solo_clip is not None:
            raise ValueError("solo_track and solo_clip: one of them at most")
        if self.solo_track is not None and self.solo_track not in {track.id for track in self.tracks}:
            raise ValueError(f"solo_track: there is no track {self.solo_track!r}")
        if self.solo_clip is not None and self.solo_clip not in {clip.id for clip in clips}:
            raise ValueError(f"solo_clip: there is no clip {self.solo_clip!r}")
        return self

    @property
    def beat_s(self) -> float:
        """Length of a beat."""
        return 60 / self.tempo_bpm

    @property
    def tempi(self) -> dict[str, float]:
        """Of the sources whose tempo is given."""
        return {source.name: source.tempo_bpm for source in self.sources if source.tempo_bpm is not None}


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"there are two {what}s {name!r}")
        seen.add(name)


@dataclass(frozen=True, slots=True)
class Placement:
    """A clip at one of its places."""

    clip: Clip
    track: Track
    start_s: float
    length_s: float
    """Of the timeline; what lies past the end of the arrangement is not in it."""
    whole_s: float
    """The same without that cut."""
    speed: float
    cut_start_s: float
    cut_end_s: float
    """Position in the source, within it."""
    repetition: int = 0

    @property
    def end_s(self) -> float:
        """Where it is over."""
        return self.start_s + self.length_s


def speed_of(clip: Clip, arrangement: Arrangement, tempi: Mapping[str, float]) -> float:
    """How many times as fast a clip plays. A source in `tempo-sync` whose tempo nobody knows plays as it is."""
    if clip.speed != TEMPO_SYNC:
        return clip.speed
    tempo_bpm = tempi.get(clip.source)
    return 1.0 if tempo_bpm is None else min(max(arrangement.tempo_bpm / tempo_bpm, 0.1), 10.0)


def is_heard(arrangement: Arrangement, clip: Clip, track: Track) -> bool:
    """Whether mute and solo leave it to be heard."""
    if arrangement.solo_clip is not None:
        return clip.id == arrangement.solo_clip
    if arrangement.solo_track is not None:
        return track.id == arrangement.solo_track and not clip.muted
    return not (track.muted or clip.muted)


def placements(
    arrangement: Arrangement,
    durations_s: Mapping[str, float],
    tempi: Mapping[str, float] | None = None,
    *,
    until_s: float | None = None,
) -> Iterator[Placement]:
    """Every clip at each of its places, track by track, heard or not; loops run to `until_s` at the least.

    `durations_s` and `tempi` are of the sources, by name; without `tempi` those of the arrangement count. A clip that
    begins after its source's end has no placement. A source that `durations_s` does not name is taken to last to where
    its clips are cut.

    Raises `InvalidInput` past `MAX_LENGTH_S`, and where loops make more than `MAX_PLACEMENTS` or `MAX_PLACED_S`.
    """
    plan = _Plan(arrangement, durations_s, arrangement.tempi if tempi is None else tempi)
    end_s = max(plan.end_s(), until_s or 0.0)
    if end_s > MAX_LENGTH_S:
        raise InvalidInput(
            f"The arrangement would last {end_s:.0f} s; {MAX_LENGTH_S:.0f} s are the most.", field="tracks"
        )
    count, placed_s = 0, 0.0
    for track in arrangement.tracks:
        for placement in plan.placed(track, end_s):
            count, placed_s = count + 1, placed_s + placement.length_s
            if count > MAX_PLACEMENTS or placed_s > MAX_PLACED_S:
                raise InvalidInput(
                    f"Loops repeat clips more than {MAX_PLACEMENTS} times, or more of them than {MAX_TRACKS} tracks "
                    f"can hold: loop_every of track {track.id!r} is too short.",
                    field="loop_every",
                )
            yield placement


def length_s(
    arrangement: Arrangement, durations_s: Mapping[str, float], tempi: Mapping[str, float] | None = None
) -> float:
    """Where the arrangement ends, in seconds; 0 for one without clips. The arguments are those of `placements`."""
    return _Plan(arrangement, durations_s, arrangement.tempi if tempi is None else tempi).end_s()


class _Plan:
    """What does not change from repetition to repetition."""

    def __init__(self, arrangement: Arrangement, durations_s: Mapping[str, float], tempi: Mapping[str, float]) -> None:
        self._beat_s = arrangement.beat_s
        self._tracks = arrangement.tracks
        self._first: dict[str, list[Placement]] = {}
        for track in arrangement.tracks:
            found = (
                self._place(clip, track, speed_of(clip, arrangement, tempi), durations_s.get(clip.source))
                for clip in track.clips
            )
            self._first[track.id] = [placed for placed in found if placed]

    def _place(self, clip: Clip, track: Track, speed: float, duration_s: float | None) -> Placement | None:
        cut_end_s = clip.cut_start_s if clip.cut_end_s is None else clip.cut_end_s
        if duration_s is not None:
            cut_end_s = duration_s if clip.cut_end_s is None else min(clip.cut_end_s, duration_s)
        if cut_end_s <= clip.cut_start_s:
            return None
        whole_s = (cut_end_s - clip.cut_start_s) / speed
        return Placement(
            clip, track, clip.start_beats * self._beat_s, whole_s, whole_s, speed, clip.cut_start_s, cut_end_s
        )

    def _period_s(self, track: Track) -> float | None:
        """Length of the track's loop; None where it does not."""
        first = self._first[track.id]
        if track.loop_every is None or not first:
            return None
        if track.loop_every != "auto":
            return track.loop_every * self._beat_s
        last_beats = max(placed.end_s for placed in first) / self._beat_s
        return max(math.ceil((last_beats - _PADDING_BEATS) / BAR_BEATS), 1) * BAR_BEATS * self._beat_s

    def end_s(self) -> float:
        periods = {track.id: self._period_s(track) for track in self._tracks}
        ends = [placed.end_s for key, first in self._first.items() if periods[key] is None for placed in first]
        return max(ends, default=0.0) or max((period for period in periods.values() if period), default=0.0)

    def placed(self, track: Track, end_s: float) -> Iterator[Placement]:
        """The track's clips, repetition by repetition, as far as they begin before `end_s`; cut there if it loops."""
        first, period_s = self._first[track.id], self._period_s(track)
        if period_s is None:
            yield from first
            return
        for repetition in itertools.count():
            offset_s = repetition * period_s
            # What is past the end now is so ever after: each walk is over no more than the last one has placed.
            first = [placed for placed in first if placed.start_s + offset_s < end_s]
            if not first:
                return
            for placed in first:
                start_s = placed.start_s + offset_s
                yield Placement(
                    placed.clip, track, start_s, min(placed.whole_s, end_s - start_s), placed.whole_s,
                    placed.speed, placed.cut_start_s, placed.cut_end_s, repetition,
                )  # fmt: skip
