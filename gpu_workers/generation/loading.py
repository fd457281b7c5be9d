"""A MusicGen model from a folder of files: tensors and JSON, no code, nothing from anywhere else."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from torch import nn
from transformers import MusicgenForConditionalGeneration, MusicgenMelodyForConditionalGeneration

from gpu_workers.generation import shape
from gpu_workers.generation.memory import as_memory_error
from patchbay.catalog.models import MODELS
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.tasks import ModelFiles

MAX_TOKENS: Final = 512
"""Of a prompt, its end included: what T5 was trained with."""
_MAX_TOKENIZER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Loaded:
    """A model ready to run."""

    network: Any
    tokenizer: Tokenizer
    device: torch.device

    @property
    def config(self) -> Any:
        """Of the network."""
        return self.network.config

    @property
    def rate_hz(self) -> int:
        """Sample rate of what it makes."""
        return int(self.config.audio_encoder.sampling_rate)

    @property
    def hop_frames(self) -> int:
        """Samples in each channel that one step of the decoder stands for."""
        return int(self.config.audio_encoder.hop_length)

    @property
    def channels(self) -> int:
        """1 or 2."""
        return int(self.config.decoder.audio_channels)

    @property
    def takes_melody(self) -> bool:
        """Whether it can follow one."""
        return bool(self.config.model_type == shape.MELODY)

    def tokens(self, prompt: str) -> torch.Tensor:
        """A prompt's tokens (1, n), the end of the text as the last; words that are too many are left out."""
        end = self.config.text_encoder.eos_token_id
        found = [token for token in self.tokenizer.encode(prompt).ids if token != end][: MAX_TOKENS - 1]
        return torch.tensor([[*found, end]], device=self.device)


def load(files: ModelFiles) -> Loaded:
    """The model in `files`, on the best device there is. Raises `ModelUnavailable`, MemoryError."""
    if files.weights_dir is None:
        raise ModelUnavailable(f"the weights of model {files.name!r} are not installed")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        with as_memory_error():
            return Loaded(_network(files, files.weights_dir, device), _tokenizer(files.weights_dir), device)
    except torch.OutOfMemoryError:
        raise
    except (Unfit, OSError, SafetensorError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = str(error) if isinstance(error, Unfit | ValueError) else type(error).__name__
        raise ModelUnavailable(f"the weights of model {files.name!r} are missing or damaged: {why[:300]}") from error


class Unfit(Exception):
    """Files that do not go together."""


def _network(files: ModelFiles, folder: Path, device: torch.device) -> nn.Module:
    config = shape.read(folder / "config.json")
    melodic = config.model_type == shape.MELODY
    if (known := MODELS.get(files.name)) and known.takes_melody != melodic:
        raise Unfit(f"config.json is of a {config.model_type}")
    kind: Any = MusicgenMelodyForConditionalGeneration if melodic else MusicgenForConditionalGeneration
    _check_sizes(kind, config, folder)
    network, told = kind.from_pretrained(
        folder,
        config=config,
        dtype=_precision(device),
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    if missing := sorted(told["missing_keys"]):
        raise Unfit(f"there is no tensor {missing[0]}")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in network.parameters()):
        raise Unfit("they have numbers that are not finite")
    network.requires_grad_(False)
    # What it gives out is audio, and heard: half precision is for the decoder, which chooses among codes.
    network.audio_encoder.float()
    made: nn.Module = network.eval().to(device)
    return made


def _precision(device: torch.device) -> torch.dtype:
    """Of the weights: T5 overflows in fp16, so bf16 goes before it wherever the GPU has it."""
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _check_sizes(kind: Any, config: Any, folder: Path) -> None:
    """Raises where the files have fewer numbers than the shape asks for: before memory is taken for those."""
    with torch.device("meta"):
        wanted = sum(tensor.numel() for tensor in kind(config).parameters())
    there = sum(_numbers(folder))
    if there < wanted:
        raise Unfit(f"config.json asks for {wanted} numbers, and there are {there}")


def _numbers(folder: Path) -> Iterator[int]:
    """How many numbers each tensor of the files has."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                size = 1
                for length in file.get_slice(name).get_shape():
                    size *= length
                yield size


def _tokenizer(folder: Path) -> Tokenizer:
    path = folder / "tokenizer.json"
    if path.stat().st_size > _MAX_TOKENIZER_BYTES:
        raise Unfit("tokenizer.json is too large")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:
        raise Unfit("tokenizer.json is damaged") from error
