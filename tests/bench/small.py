"""`patchbay-small` beside `patchbay-classic` and the oracle ratio mask, on the same songs.

Three sets: clips of songs that were held out of the training; songs of other voices and another bank, which training
was steered by (see `small_dev_songs`); and songs unlike all it was trained on (other instruments, voices, songwriting
and mixing, see `classic_unlike_songs`), which nothing was chosen by. The gain is the stem's SI-SDR
less that of the mixture taken for the stem; silent stems are left out.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.stft import inverse_stft, stft
from gpu_workers.separation.classic import ClassicSeparator
from gpu_workers.separation.engine import Separator
from gpu_workers.separation.small import PACKAGE, SmallSeparator
from gpu_workers.separation.training.clips import CLIP_FRAMES
from gpu_workers.separation.training.evaluate import Gains, gains_db
from gpu_workers.separation.training.learners import Audio
from patchbay.domain.tasks import ModelFiles
from tests.bench import small_dev_songs
from tests.bench.classic_unlike_songs import SONGS, mixture, song

Row = dict[str, Any]
Song = tuple[Audio, Audio]
"""Mixture (2, frames) and stems (4, 2, frames)."""

POOL = "PATCHBAY_POOL"
"""Environment: the folder of the training's songs, for the held-out clips. Without it they are left out."""
HELD_OUT_CLIPS = 40
GAIN_DB, WORSE = 5.0, 0.05
_SEED = 3
_RATE_HZ, _FFT, _HOP = 44_100, 4096, 1024


def rows() -> list[Row]:
    """Gains on all sets; without Pico, the second is left out. About eight minutes on two idle cores.

    Raises MissingProgramError, which names the Debian package, where fluidsynth, flite or the bank is not installed.
    """
    found = []
    if pool := os.environ.get(POOL):
        found += told("held out", list(held_out(Path(pool))), bound=False)
    if shutil.which("pico2wave"):
        found += told("steering", steering(), bound=False)
    return [*found, *told("unlike", unlike(), bound=True)]


def unlike() -> Iterator[Song]:
    """The songs that share nothing with the training."""
    for seed in range(SONGS):
        stems = song(seed)
        yield mixture(stems), np.stack([stems[name] for name in ("vocals", "drums", "bass", "other")])


def steering() -> Iterator[Song]:
    """The songs that training was steered by."""
    for seed in range(small_dev_songs.SONGS):
        stems = small_dev_songs.song(seed)
        yield stems.sum(axis=0, dtype=np.float32), stems


def held_out(pool: Path) -> Iterator[Song]:
    """Clips of songs, sounds and voices that the training did not hear."""
    from gpu_workers.separation.training.data.examples import Examples

    source = Examples(pool, seed=_SEED, frames=2 * CLIP_FRAMES, held_out=True)
    for index in range(HELD_OUT_CLIPS):
        mixtures, stems = source.batch(index, 1)
        yield mixtures[0], stems[0]


def told(name: str, songs: Iterator[Song] | list[Song], *, bound: bool) -> list[Row]:
    """The rows of one set: `bound` says whether its targets are to be kept."""
    ways: dict[str, Callable[[Audio, Audio], Audio]] = {
        "small": lambda mixed, _: separated(SmallSeparator(ModelFiles("patchbay-small", "", PACKAGE)), mixed),
        "classic": lambda mixed, _: separated(ClassicSeparator(), mixed),
        "oracle": oracle,
    }
    gains: dict[str, Gains] = {way: {} for way in ways}
    for mixed, stems in songs:
        for way, separate in ways.items():
            one = gains_db(lambda m, s=separate, t=stems: s(m, t), [(mixed, stems)])  # type: ignore[misc]
            for stem, values in one.items():
                gains[way].setdefault(stem, []).extend(values)
    return rows_of(name, gains, bound=bound)


def rows_of(name: str, gains: dict[str, Gains], *, bound: bool) -> list[Row]:
    """Ours against the classical, the oracle in the name, for all stems and for each."""
    every = {way: np.concatenate([np.array(v) for v in each.values()]) for way, each in gains.items()}
    label = f"small, {name}, {len(every['small'])} stems"
    oracle_db = f"oracle {every['oracle'].mean():.1f}"
    mean_db, share = float(every["small"].mean()), float((every["small"] < 0).mean())
    mean_target, worse_target = (f">= {GAIN_DB} dB", f"< {WORSE}") if bound else ("for information",) * 2
    found = [
        _row(f"{label}: mean gain ({oracle_db})", every, np.mean, "dB", mean_target, not bound or mean_db >= GAIN_DB),
        _row(f"{label}: median gain", every, np.median, "dB", "for information", ok=True),
        _row(f"{label}: made worse", every, _worse, "of the stems", worse_target, not bound or share < WORSE),
    ]
    for stem in gains["small"]:
        each = {way: np.array(values[stem]) for way, values in gains.items()}
        if not len(each["small"]):
            continue
        more = f"median {np.median(each['small']):.1f}, oracle {each['oracle'].mean():.1f}"
        title = f"small, {name}, {stem}: mean gain ({more})"
        better = bool(each["small"].mean() > each["classic"].mean())
        found.append(_row(title, each, np.mean, "dB", "> classic" if bound else "for information", not bound or better))
    return found


def separated(separator: Separator, mixed: Audio) -> Audio:
    """Stems (4, 2, frames) by a separator as it ships."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mixture.f32"
        path.write_bytes(np.ascontiguousarray(mixed.T, "<f4").tobytes())
        audio = AudioFile(path, _RATE_HZ, 2, mixed.shape[1])
        blocks = separator.separate(audio, separator.stems, lambda done: None)
        stems: Audio = np.concatenate([np.stack(list(block.values())) for block in blocks], axis=-1)
    return stems


def oracle(mixed: Audio, stems: Audio) -> Audio:
    """What soft masks could do at best or nearly: shares of the true powers, of both channels together."""
    powers = np.stack([(np.abs(stft(stem, _FFT, _HOP)) ** 2).sum(axis=0) for stem in stems])
    spectrum = stft(mixed, _FFT, _HOP)
    shares = powers / (powers.sum(axis=0) + 1e-20)
    return np.stack([inverse_stft((m * spectrum).astype(np.complex64), _FFT, _HOP, mixed.shape[1]) for m in shares])


def _worse(gains: Audio) -> float:
    return float((gains < 0).mean())


def _row(name: str, each: dict[str, Any], measure: Callable[[Any], Any], unit: str, target: str, ok: bool) -> Row:
    ours, theirs = float(measure(each["small"])), float(measure(each["classic"]))
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": None, "unit": unit, "target": target, "ok": ok}
