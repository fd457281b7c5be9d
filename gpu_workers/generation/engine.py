"""The engine that generates music: words, and a melody if there is one, in; a track out."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gpu_workers.audio.decode import DecodeLimits, decode
from gpu_workers.audio.files import BLOCK_FRAMES, AudioFile, Samples
from gpu_workers.audio.wav import WavWriter
from gpu_workers.generation import level
from gpu_workers.generation.windows import WINDOW_S, Joined, Window, windows
from gpu_workers.generation.wish import Wish
from patchbay.domain.errors import InvalidInput, ModelUnavailable
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles

if TYPE_CHECKING:
    import torch

    from gpu_workers.generation.loading import Loaded

MELODY, TRACK = "input", "track"
_BITS = 24
_MELODY_S = 900.0
"""Of the input; no piece is longer, so nothing after it would be heard."""
_GENERATED, _FINISHED = 0.96, 0.98
"""Progress when the last window is made, and when its level is right."""


class GenerationEngine:
    """Params: those of the workflow `generate`. Input: `input`, a melody, for models that take one, or none.

    Output: `track`, a WAV file of 24 bits at the model's rate, mono or stereo, exactly as long as asked for.
    """

    def __init__(self) -> None:
        self._files: ModelFiles | None = None
        self._model: Loaded | None = None

    def load(self, model: ModelFiles) -> None:
        """Load a MusicGen model. Raises `ModelUnavailable` that says what is wrong with its files."""
        if model == self._files:
            return
        self._files, self._model = None, None  # the old model's memory is free before the new one takes any
        from gpu_workers.generation.loading import load

        self._model = load(model)
        self._files = model

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """Generate a track. Raises `InvalidInput`, `UnusableAudio`, MemoryError."""
        if self._model is None:
            raise ModelUnavailable("no generation model is loaded")
        wish = Wish.from_params(task.params)
        task.progress(0.0)
        melody = _melody(task, self._model)
        piece = _piece(self._model, wish, melody, lambda done: task.progress(_GENERATED * done))
        level.finish(piece, self._model.rate_hz)
        task.progress(_FINISHED)
        path = task.work_dir / f"{TRACK}.wav"
        _write(path, piece, self._model.rate_hz, lambda: task.progress(_FINISHED))
        task.progress(1.0)
        return [EngineOutput(TRACK, path, "audio/wav")]


def _melody(task: EngineTask, model: "Loaded") -> AudioFile | None:
    """The input, mono, at the model's rate. Raises `InvalidInput` for a model that takes none, `UnusableAudio`."""
    source = next((item for item in task.inputs if item.name == MELODY), None)
    if source is None:
        return None
    if not model.takes_melody:
        raise InvalidInput("this model takes no melody; leave the input out", field=MELODY)
    from gpu_workers.generation.melody import check_audible

    audio = decode(
        source.path,
        task.work_dir / "melody.f32",
        sample_rate_hz=model.rate_hz,
        channels=1,
        limits=DecodeLimits(duration_s=_MELODY_S),
        heartbeat=lambda: task.progress(0.0),
    )
    check_audible(audio)
    return audio


def _piece(model: "Loaded", wish: Wish, melody: AudioFile | None, progress: Callable[[float], None]) -> Samples:
    """The whole of it, (channels, frames), window by window."""
    from gpu_workers.generation.melody import chroma
    from gpu_workers.generation.sampling import sample, seeded

    rate_hz, hop = model.rate_hz, model.hop_frames
    frames = round(wish.duration_s * rate_hz)
    steps = math.ceil(frames / hop)
    joined = Joined(model.channels, frames, rate_hz)
    before: torch.Tensor | None = None

    def told(window: Window, made: int) -> None:
        progress(min((window.start + window.known + made) / steps, 1.0))

    with seeded(wish.seed, model.device):
        for window in windows(steps, rate_hz // hop):
            followed = None
            if melody is not None:
                followed = chroma(melody, window.start * hop, WINDOW_S * rate_hz, model.config.num_chroma)
            known = before[:, -window.known :] if before is not None else None
            made = sample(model, wish, window, known, followed, lambda done, at=window: told(at, done))  # type: ignore[misc]
            joined.put(made.audio, window.start * hop, window.known * hop)
            before = made.codes
    return joined.samples


def _write(path: Path, piece: Samples, rate_hz: int, beat: Callable[[], None]) -> None:
    with WavWriter(path, rate_hz, piece.shape[0], _BITS, piece.shape[1]) as writer:
        for start in range(0, piece.shape[1], BLOCK_FRAMES):
            writer.write(piece[:, start : start + BLOCK_FRAMES])
            beat()


def create() -> GenerationEngine:
    """The engine, for the worker."""
    return GenerationEngine()
