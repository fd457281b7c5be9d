"""The engine that takes a mixture apart into stems."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from gpu_workers.audio.decode import decode
from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.separation.stems import model_stems, sample_bits, wanted_stems, write_stems
from patchbay.domain.errors import InvalidInput, ModelUnavailable
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles

CLASSIC, SMALL = "patchbay-classic", "patchbay-small"
INPUT = "input"
_SEPARATED = 0.97
"""Progress when the last block is separated; the rest is writing."""


class Separator(Protocol):
    """A loaded way of separating."""

    sample_rate_hz: int
    channels: int
    stems: tuple[str, ...]

    def separate(
        self, audio: AudioFile, wanted: Sequence[str], progress: Callable[[float], None]
    ) -> Iterator[dict[str, Samples]]:
        """Yield consecutive blocks (channels, frames) of the `wanted` stems, `audio.frames` frames in all."""


class SeparationEngine:
    """Params: `stems` (names), `sample_format` (wav16, the default, wav24 or wav32f). Input: `input`.

    Outputs: one WAV file for each stem, by its name, as long as the input, at the model's sample rate.
    """

    def __init__(self) -> None:
        self._model: ModelFiles | None = None
        self._separator: Separator | None = None

    def load(self, model: ModelFiles) -> None:
        """Load `patchbay-classic`, `patchbay-small`, or a demucs model by its files. Raises `ModelUnavailable`."""
        if model == self._model:
            return
        self._model, self._separator = None, None  # the old model's memory is free before the new one takes any
        self._separator = _load(model)
        self._model = model

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """Separate the task's input. Raises `InvalidInput`, `UnusableAudio`."""
        separator = self._separator
        if separator is None:
            raise ModelUnavailable("No separation model is loaded.")
        wanted, bits = wanted_stems(task.params, separator.stems), sample_bits(task.params)
        source = next((item for item in task.inputs if item.name == INPUT), None)
        if source is None:
            raise InvalidInput("There is no input to separate.", field=INPUT)
        mixture = decode(
            source.path,
            task.work_dir / "mixture.f32",
            sample_rate_hz=separator.sample_rate_hz,
            channels=separator.channels,
            heartbeat=lambda: task.progress(0.0),
        )
        try:
            blocks = separator.separate(mixture, model_stems(wanted), lambda done: task.progress(_SEPARATED * done))
            paths = write_stems(blocks, mixture, wanted, task.work_dir, bits, lambda: task.progress(_SEPARATED))
        finally:
            mixture.path.unlink()
        task.progress(1.0)
        return [EngineOutput(name=name, path=path, media_type="audio/wav") for name, path in paths.items()]


def _load(model: ModelFiles) -> Separator:
    if model.name == CLASSIC:
        from gpu_workers.separation.classic import ClassicSeparator

        return ClassicSeparator()
    if model.name == SMALL:
        from gpu_workers.separation.small import SmallSeparator

        return SmallSeparator(model)
    from gpu_workers.separation.neural import NeuralSeparator
    from gpu_workers.separation.weights import load_bag

    return NeuralSeparator(load_bag(model))


def create() -> SeparationEngine:
    """The engine, for the worker."""
    return SeparationEngine()
