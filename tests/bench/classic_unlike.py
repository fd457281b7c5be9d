"""`patchbay-classic` on songs unlike those it was fitted to, beside a plain baseline in the same run.

No soundfont, voice, songwriting or mixing is shared with the fit (see `classic_unlike_songs`). The gain is the stem's
SI-SDR less that of the mixture taken for the stem; all twenty songs have all four stems, a silent one would be left
out and lower the count that the first row tells.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.metrics import si_sdr
from gpu_workers.audio.stft import inverse_stft, stft
from gpu_workers.separation.classic import ClassicSeparator
from gpu_workers.separation.fitting.programs import RATE_HZ
from tests.bench.classic_unlike_songs import SONGS, STEMS, mixture, song

Audio = npt.NDArray[np.float32]
Row = dict[str, Any]

GAIN_DB, WORSE = 3.1, 0.21
_FFT, _HOP = 4096, 1024


def rows() -> list[Row]:
    """Mean gain, share made worse, and each stem's mean and median. About three minutes on two idle cores.

    Raises MissingProgramError, which names the Debian package, where fluidsynth, flite or the bank is not installed.
    """
    ours: dict[str, list[float]] = {name: [] for name in STEMS}
    theirs: dict[str, list[float]] = {name: [] for name in STEMS}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(SONGS):
            stems = song(seed)
            mixed = mixture(stems)
            classic, plain = separate(Path(folder), mixed), baseline(mixed)
            for name in STEMS:
                before_db = si_sdr(stems[name], mixed)
                if np.isfinite(before_db):
                    ours[name].append(si_sdr(stems[name], classic[name]) - before_db)
                    theirs[name].append(si_sdr(stems[name], plain[name]) - before_db)
    return [*_together(ours, theirs), *_each(ours, theirs)]


def separate(folder: Path, mixed: Audio) -> dict[str, Audio]:
    """Stems by the separator as it ships."""
    path = folder / "mixture.f32"
    path.write_bytes(np.ascontiguousarray(mixed.T, "<f4").tobytes())
    audio = AudioFile(path, RATE_HZ, 2, mixed.shape[1])
    blocks = list(ClassicSeparator().separate(audio, STEMS, lambda done: None))
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in STEMS}


def baseline(mixed: Audio) -> dict[str, Audio]:
    """What a few lines do: harmonic against percussive by medians, bass below 200 Hz, voice in the middle above."""
    from scipy.ndimage import median_filter

    spectrum = stft(mixed, _FFT, _HOP)
    level = np.abs(spectrum).mean(axis=0)
    harmonic, percussive = median_filter(level, (17, 1)) ** 2, median_filter(level, (1, 17)) ** 2
    drums = percussive / (harmonic + percussive + 1e-12)
    low = np.fft.rfftfreq(_FFT, 1 / RATE_HZ) < 200
    left, right = np.abs(spectrum) ** 2
    middle = 2 * np.abs(spectrum[0] * spectrum[1].conj()) / (left + right + 1e-12)
    voice = (1 - drums) * ~low * middle**4
    bass = (1 - drums) * low
    masks = {"vocals": voice, "drums": drums, "bass": bass, "other": 1 - voice - drums - bass}
    return {
        name: inverse_stft((mask * spectrum).astype(np.complex64), _FFT, _HOP, mixed.shape[1])
        for name, mask in masks.items()
    }


def _together(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> list[Row]:
    all_ours, all_theirs = (np.concatenate(list(gains.values())) for gains in (ours, theirs))
    name = f"classic, unlike songs, {len(all_ours)} stems"
    mean_db, plain_db = float(all_ours.mean()), float(all_theirs.mean())
    worse, plain_worse = float((all_ours < 0).mean()), float((all_theirs < 0).mean())
    return [
        _row(f"{name}: SI-SDR gain, mean", mean_db, plain_db, "dB", f">= {GAIN_DB} dB", mean_db >= GAIN_DB),
        _row(f"{name}: made worse", worse, plain_worse, "of the stems", f"<= {WORSE}", worse <= WORSE),
    ]


def _each(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> list[Row]:
    return [
        _row(f"classic, {name}: {what} gain", measure(ours[name]), measure(theirs[name]), "dB", "for information", True)
        for name in STEMS
        for what, measure in (("mean", _mean), ("median", _median))
    ]


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _median(values: list[float]) -> float:
    return float(np.median(values))


def _row(name: str, ours: float, theirs: float, unit: str, target: str, ok: bool) -> Row:
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": None, "unit": unit, "target": target, "ok": ok}
