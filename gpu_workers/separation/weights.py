"""Load a demucs model, or a bag of them, from a folder of files whose hashes the worker has checked.

Two forms: demucs' own (`<name>.yaml` and `<signature>-<sha8>.th`, which are pickles and could run code; the catalogue's
hash is what makes them safe), and safetensors (`<name>.json` and `<name>.safetensors`), which cannot run anything.
"""

import json
import pickle
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
import yaml
from demucs.apply import BagOfModels
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from demucs.pretrained import get_model
from demucs.repo import ModelLoadingError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.tasks import ModelFiles

_CLASSES: dict[str, type[nn.Module]] = {"HTDemucs": HTDemucs, "HDemucs": HDemucs}
_LOAD_ERRORS = (
    ModelLoadingError,
    OSError,
    KeyError,
    TypeError,
    ValueError,
    RuntimeError,
    EOFError,
    AssertionError,
    AttributeError,
    ImportError,
    pickle.UnpicklingError,
    yaml.YAMLError,
    SafetensorError,
    SystemExit,  # demucs.utils.fatal, where a quantised model needs a package that is not here
)


@dataclass(frozen=True, slots=True)
class Bag:
    """Models of the same sources and sample rate, and how much each counts for each source."""

    models: tuple[nn.Module, ...]
    weights: tuple[tuple[float, ...], ...]
    sources: tuple[str, ...]
    sample_rate_hz: int
    channels: int
    segment_frames: int


def load_bag(files: ModelFiles) -> Bag:
    """The model of a catalogue entry, on the CPU, in fp32. Raises `ModelUnavailable`."""
    if files.weights_dir is None:
        raise ModelUnavailable(f"The weights of {files.name} are not installed.")
    try:
        if (files.weights_dir / f"{files.name}.json").exists():
            loaded = _from_safetensors(files.weights_dir, files.name)
        else:
            loaded = get_model(files.name, repo=files.weights_dir)
        return _bag(loaded)
    except _LOAD_ERRORS as error:
        raise ModelUnavailable(f"The weights of {files.name} are missing or damaged.") from error


def _bag(loaded: nn.Module) -> Bag:
    """The plain form of what demucs calls a model. Raises ValueError where the chunks of its parts differ."""
    if not isinstance(loaded, BagOfModels):
        loaded = BagOfModels([loaded])  # type: ignore[list-item] # any of demucs' classes
    models: list[Any] = list(loaded.models)
    segments = {int(model.samplerate * model.segment) for model in models}
    if len(segments) != 1:
        raise ValueError(f"segments of different lengths: {segments}")
    for model in models:
        model.eval().requires_grad_(False)
    return Bag(
        models=tuple(models),
        weights=tuple(tuple(float(weight) for weight in row) for row in loaded.weights),
        sources=tuple(loaded.sources),
        sample_rate_hz=int(loaded.samplerate),
        channels=int(loaded.audio_channels),
        segment_frames=segments.pop(),
    )


def _from_safetensors(folder: Path, name: str) -> nn.Module:
    """`<name>.json`: {"class", "kwargs"} with the weights beside it, or {"models": [names], "weights", "segment"}."""
    config = json.loads((folder / f"{name}.json").read_text())
    if "models" in config:
        parts: Any = [_from_safetensors(folder, Path(part).name) for part in config["models"]]
        return BagOfModels(parts, config.get("weights"), config.get("segment"))
    kwargs = dict(config["kwargs"])
    if isinstance(kwargs.get("segment"), str):  # JSON has no fractions, and 7.8 s as a float gives a frame too few
        kwargs["segment"] = Fraction(kwargs["segment"])
    model = _CLASSES[config["class"]](**kwargs)
    tensors = load_file(folder / f"{name}.safetensors")
    model.load_state_dict({key: tensor.to(torch.float32) for key, tensor in tensors.items()})
    return model
