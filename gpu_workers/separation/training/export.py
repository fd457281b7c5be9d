"""The averaged weights as they are put into the package, and back."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gpu_workers.separation.small import CONFIG, WEIGHTS
from gpu_workers.separation.small_net import SmallNet
from patchbay.catalog.models import FOUR_STEMS

Hashes = dict[str, str]
"""File name -> SHA-256, as the catalogue has them."""


def export(net: SmallNet, trained: Mapping[str, Any], folder: Path) -> Hashes:
    """Write the weights (16-bit floats) and what describes them: the network's arguments and how it was `trained`."""
    tensors = {name: _stored(tensor) for name, tensor in net.state_dict().items()}
    save_file(tensors, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # written for its owner alone, and an image runs as another user
    config = {"stems": list(FOUR_STEMS), "network": net.arguments, "trained": dict(trained)}
    (folder / CONFIG).write_text(json.dumps(config) + "\n", encoding="utf-8")
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (WEIGHTS, CONFIG)}


def start_from(net: nn.Module, weights: Path) -> None:
    """Take the weights of an exported file. Raises RuntimeError for another network's."""
    net.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in load_file(weights).items()})


def _stored(tensor: torch.Tensor) -> torch.Tensor:
    """Half precision but for what does not fit into it."""
    small = tensor.detach().cpu().contiguous()
    if not small.is_floating_point():
        return small.clone()
    return small.half() if small.abs().max() < torch.finfo(torch.float16).max else small.clone()
