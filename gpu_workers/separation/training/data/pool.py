"""A pool: songs rendered once, their tracks in files that training reads at any place.

A folder holds, for each song, `<number>.i16` (its tracks one after another, 16 bits, channel by channel) and
`<number>.json` (what they are), written last: a song without it is not there. `pool.json` holds what songs follow from.
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.separation.training.data import songs
from gpu_workers.separation.training.data.plans import RATE_HZ, STEMS

Progress = Callable[[float, str], None]
"""Told the share that is done and a line about the last song."""

_ABOUT = "pool.json"
_SAMPLE = np.dtype("<i2")
_HEARD = 0.01
"""Share of a track's peak above which it counts as heard."""


class PoolError(ValueError):
    """A folder is no pool, or one of other songs."""


@dataclass(frozen=True, slots=True)
class Track:
    """A track on disk. Samples times `scale` are the sound; `rms` is that of its heard parts, in the same units."""

    stem: str
    source: str
    channels: int
    offset: int
    """In samples from the start of the file."""
    scale: float
    rms: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A song on disk."""

    number: int
    held: bool
    genre: str
    tempo_bpm: float
    tonic: int
    frames: int
    tracks: tuple[Track, ...]


def build(
    folder: Path, *, seed: int, hours: float, progress: Progress, without: Collection[str] = (),
    seconds: float = songs.SECONDS,
) -> None:  # fmt: skip
    """Render the songs that `folder` lacks until it holds `hours` of them.

    May be killed and started again at any time, and run by several processes at once; the songs are the same whoever
    makes them. Raises PoolError where the folder holds other songs, MissingProgramError where a program is missing that
    `without` does not name.
    """
    unknown = set(without) - set(songs.NEEDS)
    if unknown:
        raise PoolError(f"without: no source {', '.join(sorted(unknown))}; there are: {', '.join(songs.NEEDS)}")
    if not 0 < hours <= 1000 or not 1 <= seconds <= 600:
        raise PoolError(f"hours: {hours:g} of songs of {seconds:g} s cannot be made; 0 to 1000 hours, 1 to 600 s")
    for name, check in songs.NEEDS.items():
        if name not in without:
            check()
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, {"seed": seed, "without": sorted(without), "seconds": seconds})
    count = max(1, round(hours * 3600 / seconds))
    for number in range(count):
        if _json(folder, number).exists():
            continue
        with _alone(folder, number) as mine:
            if mine and not _json(folder, number).exists():
                for left_over in folder.glob(f"{number:06}.*.part"):
                    left_over.unlink()
                made = write(folder, songs.make(seed, number, without=without, seconds=seconds))
                progress((number + 1) / count, f"song {number}: " + ", ".join(track.source for track in made.tracks))


def write(folder: Path, song: songs.Song) -> Entry:
    """Store a song's tracks, then what they are."""
    offset, parts, tracks = 0, [], []
    for track in song.tracks:
        sound = np.atleast_2d(track.sound)
        if len(sound) == 2 and np.array_equal(sound[0], sound[1]):
            sound = sound[:1]
        scale = max(float(np.abs(sound).max()), 1e-9) / 32767
        parts.append(np.round(sound / scale).astype(_SAMPLE))
        tracks.append(Track(track.stem, track.source, len(sound), offset, scale, _heard_rms(sound)))
        offset += sound.size
    frames = parts[0].shape[1] if parts else 0
    entry = Entry(song.number, song.held, song.genre, 60.0 / song.plan.beat_s, song.plan.tonic, frames, tuple(tracks))
    _replace(folder / f"{song.number:06}.i16", b"".join(part.tobytes() for part in parts))
    _replace(_json(folder, song.number), json.dumps(asdict(entry)).encode())
    return entry


def entries(folder: Path) -> list[Entry]:
    """The songs that lie in a pool, by number. Raises PoolError where there is none."""
    if not (folder / _ABOUT).is_file():
        raise PoolError(f"{folder} is no pool: python -m gpu_workers.separation.training.data --pool {folder}")
    return [_entry(path) for path in sorted(folder.glob("[0-9]*.json"))]


def read(folder: Path, entry: Entry, track: Track, start: int, frames: int) -> npt.NDArray[np.float32]:
    """(channels, frames) of a track from frame `start`; what lies before or after it is silence.

    Raises PoolError where the file is shorter than the song.
    """
    out = np.zeros((track.channels, frames), np.float32)
    first, last = max(start, 0), min(start + frames, entry.frames)
    if first >= last:
        return out
    with (folder / f"{entry.number:06}.i16").open("rb", buffering=0) as file:
        for channel in range(track.channels):
            file.seek((track.offset + channel * entry.frames + first) * _SAMPLE.itemsize)
            found = np.fromfile(file, _SAMPLE, last - first)
            if len(found) < last - first:
                raise PoolError(f"{file.name} ends early: delete it and its .json, and build the pool again")
            out[channel, first - start : last - start] = found
    out *= np.float32(track.scale)
    return out


def _heard_rms(sound: npt.NDArray[np.float32]) -> float:
    """RMS over the tenths of a second in which there is sound."""
    block = RATE_HZ // 10
    whole = sound[:, : sound.shape[1] // block * block] if sound.shape[1] >= block else sound
    power = (whole**2).reshape(len(sound), -1, min(block, whole.shape[1])).mean(axis=(0, 2))
    heard = power[power > (_HEARD * float(np.abs(sound).max())) ** 2]
    return float(np.sqrt(heard.mean())) if len(heard) else 0.0


def _claim(folder: Path, about: dict[str, Any]) -> None:
    path = folder / _ABOUT
    if not path.exists():
        _replace(path, json.dumps(about).encode())
    found = json.loads(path.read_text(encoding="utf-8"))
    if found != about:
        raise PoolError(f"{folder} holds other songs ({found}, not {about}): another --pool, or the same settings")


def _entry(path: Path) -> Entry:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        entry = Entry(**{**fields, "tracks": tuple(Track(**track) for track in fields["tracks"])})
    except (ValueError, TypeError, KeyError) as error:
        raise PoolError(f"{path} is not what a pool writes ({error}): delete it and build the pool again") from error
    if any(track.stem not in STEMS for track in entry.tracks):
        raise PoolError(f"{path}: tracks: a stem is not one of {', '.join(STEMS)}")
    return entry


def _json(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.json"


@contextmanager
def _alone(folder: Path, number: int) -> Iterator[bool]:
    """True for one process at a time; the lock is let go with the process, however it ends."""
    path = folder / f"{number:06}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
        path.unlink(missing_ok=True)


def _replace(path: Path, data: bytes) -> None:
    """Write a file that is there in whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    part.write_bytes(data)
    part.replace(path)
