"""Weights are fetched once, checked as our own copy, and refused with the file's name."""

import hashlib
import stat
from pathlib import Path

import pytest

from gpu_workers.runtime.weights import Fetch, Weights
from patchbay.catalog import models
from patchbay.catalog.models import Model
from patchbay.domain.errors import ModelUnavailable, Unavailable

GOOD = b"good weights"
NAME = "tiny"


def catalogued(monkeypatch: pytest.MonkeyPatch, name: str = NAME, **files: bytes) -> None:
    hashes = {file.replace("_", "."): hashlib.sha256(data).hexdigest() for file, data in files.items()}
    model = Model(name, "separation", "1.0", "Tiny", ("vocals",), "MIT", commercial_use=True, files=hashes)
    monkeypatch.setitem(models.MODELS, name, model)


def store(folder: Path, **files: bytes) -> Fetch:
    place = folder / "store"
    (place / NAME).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (place / NAME / name.replace("_", ".")).write_bytes(data)

    def fetch(name: str, target: Path) -> None:
        target.write_bytes((place / name).read_bytes())

    return fetch


def test_checked_files_lie_in_a_folder_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogued(monkeypatch, net_safetensors=GOOD)
    files = Weights(store(tmp_path, net_safetensors=GOOD), tmp_path / "cache").files("separation", NAME, "1.0")
    assert files.weights_dir is not None
    (file,) = files.weights_dir.iterdir()
    assert (file.name, file.read_bytes()) == ("net.safetensors", GOOD)
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert stat.S_IMODE(files.weights_dir.stat().st_mode) == 0o700


def test_a_file_changed_after_the_check_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogued(monkeypatch, net_th=GOOD)
    weights = Weights(store(tmp_path, net_th=GOOD), tmp_path / "cache")
    first = weights.files("separation", NAME, "1.0")
    store(tmp_path, net_th=b"evil")
    assert weights.files("separation", NAME, "1.0") is first
    assert first.weights_dir is not None
    assert (first.weights_dir / "net.th").read_bytes() == GOOD


def test_another_file_is_refused_by_name_and_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogued(monkeypatch, net_th=GOOD)
    fetch = store(tmp_path, net_th=b"evil")
    weights = Weights(fetch, tmp_path / "cache")
    with pytest.raises(ModelUnavailable, match=r"'net\.th' of model 'tiny' .*SHA-256"):
        weights.files("separation", NAME, "1.0")
    assert not (tmp_path / "cache" / NAME / "net.th").exists()
    store(tmp_path, net_th=GOOD)  # put right meanwhile: no restart needed
    assert weights.files("separation", NAME, "1.0").weights_dir is not None


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogued(monkeypatch, net_th=GOOD, more_th=GOOD)
    with pytest.raises(Unavailable, match=r"'more\.th' .* not installed"):
        Weights(store(tmp_path, net_th=GOOD), tmp_path / "cache").files("separation", NAME, "1.0")


def test_a_file_name_cannot_leave_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(NAME, "separation", "1.0", "", (), "MIT", commercial_use=True, files={"../x": "0" * 64})
    monkeypatch.setitem(models.MODELS, NAME, model)
    with pytest.raises(ModelUnavailable, match="plain name"):
        Weights(store(tmp_path), tmp_path / "cache").files("separation", NAME, "1.0")


@pytest.mark.parametrize(("engine", "version"), [("encoding", "1.0"), ("separation", "2.0")])
def test_another_engine_or_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, version: str
) -> None:
    catalogued(monkeypatch, net_th=GOOD)
    with pytest.raises(Unavailable, match="was asked for"):
        Weights(store(tmp_path, net_th=GOOD), tmp_path / "cache").files(engine, NAME, version)


def test_a_model_that_is_code_alone_needs_no_folder(tmp_path: Path) -> None:
    files = Weights(store(tmp_path), tmp_path / "cache").files("separation", "patchbay-classic", "1.0")
    assert files.weights_dir is None
    assert not (tmp_path / "cache").exists()


def always_good(name: str, target: Path) -> None:
    target.write_bytes(GOOD)


def demucs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str) -> Weights:
    digest = hashlib.sha256(GOOD).hexdigest()
    model = Model("htdemucs", "separation", "4.0", "", (), "", commercial_use=False, files={file: digest})
    monkeypatch.setitem(models.MODELS, "htdemucs", model)
    return Weights(always_good, tmp_path / "cache")


def test_demucs_own_definition_comes_from_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = demucs(monkeypatch, tmp_path, "955717e8-8726e21a.th").files("separation", "htdemucs", "4.0")
    assert files.weights_dir is not None
    assert (files.weights_dir / "htdemucs.yaml").read_text() == "models: ['955717e8']\n"


def test_a_definition_of_other_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelUnavailable, match="not those that Demucs names"):
        demucs(monkeypatch, tmp_path, "00000000-8726e21a.th").files("separation", "htdemucs", "4.0")


@pytest.mark.parametrize("name", ["htdemucs", "htdemucs_ft", "htdemucs_6s", "mdx_extra"])
def test_the_catalogue_names_the_files_that_demucs_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    listed = {file: hashlib.sha256(GOOD).hexdigest() for file in models.MODELS[name].files}
    known = models.MODELS[name]
    model = Model(name, known.engine, known.version, "", known.stems, "", commercial_use=False, files=listed)
    monkeypatch.setitem(models.MODELS, name, model)
    weights = Weights(always_good, tmp_path / "cache")
    assert weights.files("separation", name, "").weights_dir is not None
