"""Weights that come with the package are checked like any others, and nothing is fetched for them."""

import hashlib
from pathlib import Path

import pytest

from gpu_workers.runtime import weights
from gpu_workers.runtime.weights import Weights
from patchbay.catalog import models
from patchbay.catalog.models import Model
from patchbay.core.digests import sha256_of
from patchbay.domain.errors import ModelUnavailable, Unavailable

GOOD = b"good weights"
NAME, FILE = "tiny", "tiny.safetensors"


def never(name: str, target: Path) -> None:
    raise AssertionError(f"{name} was fetched")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an engine whose model's files the catalogue knows."""
    digest = hashlib.sha256(GOOD).hexdigest()
    model = Model(
        NAME, "separation", "1.0", "", ("vocals",), "MIT", commercial_use=True, files={FILE: digest}, embedded=True
    )
    monkeypatch.setitem(models.MODELS, NAME, model)
    monkeypatch.setattr(weights, "_PACKAGE", tmp_path / "package")
    folder = tmp_path / "package" / "separation"
    folder.mkdir(parents=True)
    return folder


def test_they_come_from_the_engines_folder(package: Path, tmp_path: Path) -> None:
    (package / FILE).write_bytes(GOOD)
    files = Weights(never, tmp_path / "cache").files("separation", NAME, "1.0")
    assert files.weights_dir is not None
    assert (files.weights_dir / FILE).read_bytes() == GOOD


def test_a_damaged_package_is_noticed(package: Path, tmp_path: Path) -> None:
    (package / FILE).write_bytes(b"other weights")
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        Weights(never, tmp_path / "cache").files("separation", NAME, "1.0")


def test_an_image_without_them_says_so(package: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"'tiny\.safetensors' of model 'tiny' is not installed"):
        Weights(never, tmp_path / "cache").files("separation", NAME, "1.0")


def test_the_package_holds_what_the_catalogue_says() -> None:
    embedded = [model for model in models.MODELS.values() if model.embedded]
    assert embedded
    for model in embedded:
        for name, digest in model.files.items():
            assert sha256_of(weights._PACKAGE / model.engine / name) == digest
            assert (weights._PACKAGE / model.engine / name).stat().st_size < 10e6
