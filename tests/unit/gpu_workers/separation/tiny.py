"""Tiny demucs models with seeded random weights, saved as demucs saves its own."""

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from safetensors.torch import save_file
from torch import nn

SOURCES = ["drums", "bass", "other", "vocals"]
SEGMENT_S = Fraction(1, 2)
HYBRID: Mapping[str, Any] = {
    "sources": SOURCES,
    "channels": 8,
    "bottom_channels": 16,
    "segment": SEGMENT_S,
    "dconv_mode": 3,
    "t_layers": 3,
    "t_heads": 2,
}
SPECTRAL: Mapping[str, Any] = {"sources": SOURCES, "channels": 8, "segment": 1}


def make(seed: int = 0, kind: type[nn.Module] = HTDemucs, kwargs: Mapping[str, Any] = HYBRID) -> nn.Module:
    torch.manual_seed(seed)
    return kind(**kwargs).eval()


def save(folder: Path, signature: str, seed: int, kind: type[nn.Module], kwargs: Mapping[str, Any]) -> None:
    """`<signature>-<sha8>.th`, as demucs names its checkpoints."""
    package = {"klass": kind, "args": (), "kwargs": dict(kwargs), "state": make(seed, kind, kwargs).state_dict()}
    path = folder / "new.th"
    torch.save({**package, "training_args": {}}, path)
    path.rename(folder / f"{signature}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.th")


def save_repository(folder: Path) -> Path:
    """Htdemucs (one model), htdemucs_ft (two, weighted), mdx_extra (no transformer); tiny, by the real names."""
    folder.mkdir(parents=True, exist_ok=True)
    save(folder, "aaaa", 0, HTDemucs, HYBRID)
    save(folder, "bbbb", 1, HTDemucs, HYBRID)
    save(folder, "cccc", 2, HDemucs, SPECTRAL)
    (folder / "htdemucs.yaml").write_text("models: ['aaaa']\n")
    (folder / "htdemucs_ft.yaml").write_text(
        "models: ['aaaa', 'bbbb']\nweights: [[1., 0., 1., 0.5], [0., 1., 0.25, 0.5]]\n"
    )
    (folder / "mdx_extra.yaml").write_text("models: ['cccc']\n")
    return folder


def save_safetensors(folder: Path, name: str, seed: int = 0, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.clone().contiguous() for key, value in make(seed).state_dict().items()}
    save_file(tensors, folder / f"{name}.safetensors")
    config = {"class": "HTDemucs", "kwargs": {**HYBRID, "segment": str(SEGMENT_S)}, **changes}
    (folder / f"{name}.json").write_text(json.dumps(config))
    return folder
