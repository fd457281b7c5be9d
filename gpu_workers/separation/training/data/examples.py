"""Training examples: excerpts of a pool's songs, mixed anew each time; an example follows from its seed and index."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from gpu_workers.separation.training.data import desk, pool
from gpu_workers.separation.training.data.plans import RATE_HZ, STEMS, Stereo, fitted
from gpu_workers.separation.training.data.pool import Entry, PoolError
from gpu_workers.separation.training.data.songs import BED, VOICES_ALONE

__all__ = ["STEMS", "Examples"]

_LEVELS_DB = {"vocals": 1.5, "drums": -0.5, "bass": -1.5, "other": -1.0}
_LACKING = {"vocals": 0.12, "drums": 0.07, "bass": 0.05, "other": 0.05}
_ROOM = {"vocals": 0.55, "drums": 0.3, "bass": 0.05, "other": 0.4}
_OTHERS_SING = 0.4
"""How often the voices over a song's music are those of another song."""
_ALIKE_OCTAVES = 0.1
"""How far the tempi of songs may lie apart that are mixed as if they were one."""


@dataclass(frozen=True)
class _Excerpt:
    """Where a stem's sound is taken from: a song, from which frame, played how much faster."""

    entry: Entry
    start: int
    faster: float


class Examples:
    """Batches of mixtures and their stems from a pool.

    With `held_out`, from the songs kept out of training, else from all others. The pool is read once, here: the same
    seed and index give the same arrays as long as it holds the same songs. Raises PoolError where there is no pool, or
    no such song in it, and ValueError for a length under 4096 frames.
    """

    def __init__(self, pool_folder: Path, *, seed: int, frames: int, held_out: bool = False) -> None:
        if frames < 4096:
            raise ValueError(f"frames: {frames} is too short for an example; give 4096 or more")
        self._folder, self._seed, self._frames, self._held = pool_folder, seed, frames, held_out
        self._songs = [entry for entry in pool.entries(pool_folder) if entry.held == held_out and entry.tracks]
        if not self._songs:
            kind = "held out" if held_out else "to train on"
            raise PoolError(f"{pool_folder} holds no song {kind} yet: render more with --hours")
        self._octaves = np.log2([entry.tempo_bpm for entry in self._songs])
        self._tonics = np.array([entry.tonic for entry in self._songs])
        with_music = np.flatnonzero([entry.genre != VOICES_ALONE for entry in self._songs])
        self._bases = with_music if len(with_music) else np.arange(len(self._songs))
        stems = [{track.stem for track in entry.tracks} for entry in self._songs]
        self._having = {name: np.flatnonzero([name in found for found in stems]) for name in STEMS}
        self._rooms = desk.Rooms(seed, frames)

    def batch(self, index: int, size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Mixtures (size, 2, frames) and stems (size, 4, 2, frames) in the order of STEMS, float32, at 44.1 kHz.

        All lies within +-1. The stems sum to the mixture but for the few mixtures that went through mp3 or AAC.
        """
        mixtures = np.empty((size, 2, self._frames), np.float32)
        stems = np.empty((size, len(STEMS), 2, self._frames), np.float32)
        for place in range(size):
            rng = np.random.default_rng([self._seed, index, place, int(self._held)])
            mixtures[place], stems[place] = self._example(rng)
        return mixtures, stems

    def _example(self, rng: np.random.Generator) -> tuple[Stereo, npt.NDArray[np.float32]]:
        stems = np.zeros((len(STEMS), 2, self._frames), np.float32)
        excerpts = self._excerpts(rng)
        lacking = self._lacking(rng)
        for number, name in enumerate(STEMS):
            if name not in lacking:
                stems[number] = self._stem(rng, name, excerpts[name])
        drums, ducked = stems[STEMS.index("drums")], float(rng.uniform(0.3, 1))
        if rng.random() < 0.12 and drums.any():
            curve = desk.ducking(drums, ducked, float(rng.uniform(0.05, 0.25)))
            for name in ("bass", "other"):
                stems[STEMS.index(name)] *= curve
        return _mastered(rng, stems)

    def _excerpts(self, rng: np.random.Generator) -> dict[str, _Excerpt]:
        """For each stem: of one song, maybe but for the voices; or of songs alike in tempo and key; or of any songs."""
        base, manner = int(rng.choice(self._bases)), rng.random()
        faster = float(2 ** rng.uniform(-0.12, 0.12)) if rng.random() < 0.35 else 1.0
        if manner < 0.6:
            start = self._start(rng, base, faster)
            found = dict.fromkeys(STEMS, _Excerpt(self._songs[base], start, faster))
            if len(self._having["vocals"]) and rng.random() < _OTHERS_SING:
                which, own = self._alike(rng, base, self._having["vocals"])
                found["vocals"] = _Excerpt(self._songs[which], self._start(rng, which, own * faster), own * faster)
            return found
        found = {}
        for name in STEMS:
            having = self._having[name] if len(self._having[name]) else np.arange(len(self._songs))
            if manner < 0.85:
                which, own = self._alike(rng, base, having)
            else:
                which, own = int(rng.choice(having)), float(2 ** rng.uniform(-0.1, 0.1))
            found[name] = _Excerpt(self._songs[which], self._start(rng, which, own * faster), own * faster)
        return found

    def _alike(self, rng: np.random.Generator, base: int, among: npt.NDArray[np.int64]) -> tuple[int, float]:
        """A song whose tempo and, played at the tempo of `base`, whose key are near to its own, and how much faster."""
        apart = self._octaves[base] - self._octaves[among]
        # Songs of the same tempo count, and those at half or double of it, which keep their speed.
        apart = apart - np.round(apart)
        keys = (self._tonics[among] + 12 * apart - self._tonics[base] + 6) % 12 - 6
        cost = np.where(np.abs(apart) < _ALIKE_OCTAVES, np.abs(keys), 99.0) + rng.uniform(0, 1.0, len(apart))
        which = int(rng.choice(np.argsort(cost)[: min(6, len(cost))]))
        return int(among[which]), float(2 ** np.clip(apart[which], -_ALIKE_OCTAVES, _ALIKE_OCTAVES))

    def _start(self, rng: np.random.Generator, which: int, faster: float) -> int:
        spare = self._songs[which].frames - round(self._frames * faster)
        return int(rng.integers(spare + 1)) if spare > 0 else 0

    def _lacking(self, rng: np.random.Generator) -> set[str]:
        """Stems that this example does without: seldom all of them, sometimes all but one."""
        if rng.random() < 0.004:
            return set(STEMS)
        if rng.random() < 0.04:
            return set(STEMS) - {str(rng.choice(STEMS))}
        return {name for name in STEMS if rng.random() < _LACKING[name]}

    def _stem(self, rng: np.random.Generator, name: str, excerpt: _Excerpt) -> Stereo:
        """A stem's tracks, each placed and filtered, then together; at about RMS 0.1."""
        tracks = [track for track in excerpt.entry.tracks if track.stem == name and track.rms > 0]
        if not tracks:
            return np.zeros((2, self._frames), np.float32)
        first = int(rng.integers(len(tracks))) if name == "other" else 0
        kept = [track for n, track in enumerate(tracks) if n == first or rng.random() < 0.8]
        wanted = round(self._frames * excerpt.faster) + 64 * (excerpt.faster != 1.0)
        total = np.zeros((2, wanted), np.float32)
        for track in kept:
            sound = pool.read(self._folder, excerpt.entry, track, excerpt.start, wanted)
            total += _faded(rng, sound, track, lead=track is tracks[0])
        out = self._in_time(total, excerpt.faster)
        out /= np.float32(np.sqrt(len(kept)))
        return self._treated(rng, name, out) if out.any() else out

    def _in_time(self, sound: Stereo, faster: float) -> Stereo:
        """Played `faster`, so that pitch and tempo move together."""
        if faster == 1.0:
            return sound
        played = soxr.resample(sound.T, RATE_HZ * faster, RATE_HZ, quality="LQ").T
        return fitted(np.ascontiguousarray(played), self._frames)

    def _treated(self, rng: np.random.Generator, name: str, stem: Stereo) -> Stereo:
        """Equaliser, drive, compressor and room over a whole stem, and its level."""
        if rng.random() < 0.2:
            stem = desk.filtered(stem, desk.equaliser(rng, 6.0))
        if rng.random() < 0.1:
            stem = desk.driven(stem, float(rng.uniform(0.5, 6)))
        if rng.random() < 0.3:
            ratio, release_s = float(rng.uniform(1.5, 8)), float(rng.uniform(0.03, 0.3))
            stem *= desk.compression(stem, ratio, float(rng.uniform(-6, 6)), release_s)
        if rng.random() < _ROOM[name]:
            wet_db = float(rng.uniform(-26, -2))
            stem += np.float32(10 ** (wet_db / 20)) * self._rooms.wet(stem, int(rng.integers(len(self._rooms))))
        stem *= np.float32(10 ** ((_LEVELS_DB[name] + rng.normal(0, 3)) / 20))
        return stem


def _faded(rng: np.random.Generator, sound: npt.NDArray[np.float32], track: pool.Track, *, lead: bool) -> Stereo:
    """A track at its level and its place, filtered now and then."""
    fader_db = rng.normal(0, 2) - (0 if lead or track.stem == "other" else rng.uniform(0, 9))
    if track.source.startswith(BED):
        fader_db -= rng.uniform(6, 24)
    sound *= np.float32(0.1 * 10 ** (fader_db / 20) / track.rms)
    if rng.random() < (0.3 if len(sound) == 1 else 0.12):  # a filter over two channels takes twice as long
        sound = desk.filtered(sound, desk.equaliser(rng, 9.0))
    return _in_the_picture(rng, sound, track.stem, lead=lead)


def _in_the_picture(rng: np.random.Generator, sound: npt.NDArray[np.float32], stem: str, *, lead: bool) -> Stereo:
    """A track at its place: voices that lead and basses near the middle, others anywhere."""
    middle = stem == "bass" or (stem == "vocals" and lead)
    if len(sound) == 2:
        width = float(rng.choice([1.0, rng.uniform(0, 1.5)]))
        stereo = desk.widened(sound, 0.3 * width if stem == "bass" else width)
        stereo = stereo[::-1] if rng.random() < 0.5 else stereo
        return desk.placed(stereo, float(np.clip(rng.normal(0, 0.05 if middle or stem == "drums" else 0.3), -1, 1)))
    if not middle and rng.random() < 0.2:
        return desk.doubled(sound, int(rng.uniform(0.003, 0.03) * RATE_HZ))
    spread = 0.05 if middle else 0.5
    where = float(rng.normal(0, spread)) if rng.random() < 0.95 else float(rng.uniform(-1, 1))
    return desk.placed(sound, float(np.clip(where, -1, 1)))


def _mastered(rng: np.random.Generator, stems: npt.NDArray[np.float32]) -> tuple[Stereo, npt.NDArray[np.float32]]:
    """Mixture and stems after what is done to the whole: all of it the same to each stem, but for lossy coding."""
    if rng.random() < 0.04:
        stems = np.broadcast_to(stems.mean(axis=1, keepdims=True), stems.shape).copy()
    if rng.random() < 0.03:
        sections = desk.narrow_band(rng)
        stems = np.stack([desk.filtered(stem, sections) for stem in stems])
    mixture = stems.sum(axis=0)
    if rng.random() < 0.3 and mixture.any():
        ratio, above_db = float(rng.uniform(1.5, 6)), float(rng.uniform(-3, 6))
        stems *= desk.compression(mixture, ratio, above_db, float(rng.uniform(0.05, 0.4)))
        mixture = stems.sum(axis=0)
    loud_db = float(rng.choice([rng.uniform(-20, -12), rng.uniform(-40, -12)], p=[0.8, 0.2]))
    rms = float(np.sqrt(np.vdot(mixture, mixture) / mixture.size))
    peak = max(float(edge) for part in (mixture, stems) for edge in (part.max(), -part.min()))
    gain = np.float32(min(10 ** (loud_db / 20) / max(rms, 1e-9), 0.98 / max(peak, 1e-9)))
    stems *= gain
    mixture *= gain
    if rng.random() < 0.03 and mixture.any():
        bits = int(rng.choice([64_000, 96_000, 128_000, 160_000, 192_000]))
        mixture = np.clip(desk.coded(mixture, str(rng.choice(["mp3", "aac"])), bits), -1, 1)
    return mixture, stems
