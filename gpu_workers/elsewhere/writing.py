"""Stems of somebody else's making, written as our own are: as long as the song, at one gain, at its sample rate."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gpu_workers.audio.decode_batch import decode_batch
from gpu_workers.audio.files import BLOCK_FRAMES, AudioFile, Samples
from gpu_workers.audio.wav import WavWriter
from patchbay.domain.errors import InvalidInput, UnusableAudio, VendorRefused

SAMPLE_FORMATS = {"wav16": 16, "wav24": 24, "wav32f": 32}
MOST_APART_S = 1.0
"""Encoders pad a stem by some hundredths of a second; one of quite another length is not of this song."""
Beat = Callable[[], None]


def sample_bits(params: Mapping[str, Any]) -> int:
    """Bits a sample of the outputs, 32 for float. Raises `InvalidInput`."""
    name = params.get("sample_format") or "wav16"
    if name not in SAMPLE_FORMATS:
        raise InvalidInput(f"sample_format has to be one of {', '.join(SAMPLE_FORMATS)}", field="sample_format")
    return SAMPLE_FORMATS[name]


def write_all(
    fetched: Mapping[str, Sequence[Path]], song: AudioFile, folder: Path, bits: int, beat: Beat
) -> dict[str, Path]:
    """The WAV files by stem. `song` tells the measures. Removes what was fetched. Raises `VendorRefused`.

    In the integer formats all are turned down by one gain where one of them would clip: they keep their balance.
    """
    decoded = _decoded(fetched, song, beat)
    peak = 0.0
    if bits != 32:
        for parts in decoded.values():
            for start in range(0, song.frames, BLOCK_FRAMES):
                peak = max(peak, float(np.abs(_sum(parts, start, song)).max(initial=0.0)))
            beat()
    gain = np.float32(1.0 / peak if peak > 1.0 else 1.0)
    made = {stem: folder / f"{stem}.wav" for stem in decoded}
    for stem, parts in decoded.items():
        with WavWriter(made[stem], song.sample_rate_hz, song.channels, bits, song.frames) as writer:
            for start in range(0, song.frames, BLOCK_FRAMES):
                writer.write(_sum(parts, start, song) * gain)
                beat()
        for part in parts:
            part.path.unlink()
    return made


def _decoded(fetched: Mapping[str, Sequence[Path]], song: AudioFile, beat: Beat) -> dict[str, list[AudioFile]]:
    uploads = {path.with_suffix(".f32"): path for paths in fetched.values() for path in paths}
    try:
        found = {part.path: part for part in decode_batch(uploads, song.sample_rate_hz, heartbeat=beat)}
    except UnusableAudio as error:
        raise VendorRefused(f"LALAL.AI gave a stem that cannot be read: {error}") from None
    for target, path in uploads.items():
        path.unlink()
        if abs(found[target].frames - song.frames) > MOST_APART_S * song.sample_rate_hz:
            lengths = f"{found[target].duration_s:.1f} s of a song of {song.duration_s:.1f} s"
            raise VendorRefused(f"LALAL.AI gave a stem of {lengths}; order it again")
    return {stem: [found[path.with_suffix(".f32")] for path in paths] for stem, paths in fetched.items()}


def _sum(parts: Sequence[AudioFile], start: int, song: AudioFile) -> Samples:
    """The window of a stem from frame `start`, in as many channels as the song; beyond its own end there is silence."""
    total: Samples = np.zeros((song.channels, min(BLOCK_FRAMES, song.frames - start)), np.float32)
    for part in parts:
        window = part.read(start, total.shape[1])
        total += window if song.channels > 1 else window.mean(axis=0, keepdims=True)
    return total
