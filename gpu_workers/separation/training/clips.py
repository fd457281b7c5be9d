"""The clips that training takes from the pool, and those it is measured on."""

from pathlib import Path

from gpu_workers.separation.masking import HOP_FRAMES
from gpu_workers.separation.training.feed import Source

CLIP_FRAMES = 255 * HOP_FRAMES
"""5.9 s: 256 frames of the spectrogram."""
HELD_OUT_SEED, HELD_OUT_CLIPS = 1, 24


def examples(pool: Path, seed: int, *, held_out: bool = False) -> Source:
    """Clips of the pool's songs. Raises what `Examples` raises for a folder that is no pool."""
    from gpu_workers.separation.training.data.examples import Examples

    return Examples(pool, seed=seed, frames=CLIP_FRAMES, held_out=held_out)
