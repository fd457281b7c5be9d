"""Files without a digest in the catalogue: data alone, in shards if need be, pinned by the operator if wished."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gpu_workers.runtime.weights import PINS, Weights
from patchbay.catalog import models
from patchbay.catalog.models import Model
from patchbay.domain.errors import ModelUnavailable, Unavailable

NAME, TENSORS = "tiny", "model.safetensors"
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
SHARDS = {ONE: b"one", TWO: b"two"}
INDEX = json.dumps({"weight_map": {"a": TWO, "b": ONE, "c": TWO}}).encode()
PLAIN = {"config.json": b"{}", TENSORS: b"tensors"}
SHARDED = {"config.json": b"{}", f"{TENSORS}.index.json": INDEX, **SHARDS}


@pytest.fixture(autouse=True)
def catalogued(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"config.json": None, TENSORS: None}
    model = Model(NAME, "generation", "1.0", "Tiny", (), "MIT", commercial_use=True, files=files)
    monkeypatch.setitem(models.MODELS, NAME, model)


def install(folder: Path, there: Mapping[str, bytes]) -> dict[str, bytes]:
    """What an engine is given of the files that are there."""

    def fetch(name: str, target: Path) -> None:
        model, _, file = name.partition("/")
        if model != NAME or file not in there:
            raise FileNotFoundError(name)
        target.write_bytes(there[file])

    given = Weights(fetch, folder / "cache").files("generation", NAME, "1.0").weights_dir
    assert given is not None
    return {path.name: path.read_bytes() for path in given.iterdir()}


def pins(files: Mapping[str, bytes], mark: str = " ") -> bytes:
    return "".join(f"{hashlib.sha256(data).hexdigest()} {mark}{name}\n" for name, data in files.items()).encode()


def test_files_of_data_are_taken_as_they_are(tmp_path: Path) -> None:
    assert install(tmp_path, PLAIN) == PLAIN


def test_files_in_shards_are_all_taken(tmp_path: Path) -> None:
    assert install(tmp_path, SHARDED) == SHARDED


def test_a_file_that_could_run_code_needs_a_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("net.th", "model.bin", "safetensors", "model.py"):
        model = Model(NAME, "generation", "1.0", "", (), "MIT", commercial_use=True, files={name: None})
        monkeypatch.setitem(models.MODELS, NAME, model)
        with pytest.raises(ModelUnavailable, match="could run code"):
            install(tmp_path, {name: b"x"})


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"'config\.json' .* not installed"):
        install(tmp_path, {TENSORS: b"x"})
    with pytest.raises(Unavailable, match=r"'model\.safetensors' .* not installed"):
        install(tmp_path, {"config.json": b"{}"})
    with pytest.raises(Unavailable, match=r"'model-00002-of-00002\.safetensors' .* not installed"):
        install(tmp_path, {name: data for name, data in SHARDED.items() if "00002-of" not in name})


@pytest.mark.parametrize(
    "index",
    [
        b"", b"\xff", b"[]", b"{}", b"[" * 100_000, b'{"weight_map": []}', b'{"weight_map": {}}',
        b'{"weight_map": {"a": 1, "b": "x.safetensors"}}', b'{"weight_map": {"a": "../x.safetensors"}}',
        b'{"weight_map": {"a": "/etc/passwd"}}', b'{"weight_map": {"a": "x.bin"}}',
        b'{"weight_map": {"a": "x/y.safetensors"}}', b" " * 5_000_000,
        json.dumps({"weight_map": {str(n): f"{n}.safetensors" for n in range(65)}}).encode(),
    ],
)  # fmt: skip
def test_a_hostile_list_of_shards_is_refused(tmp_path: Path, index: bytes) -> None:
    with pytest.raises(ModelUnavailable, match="is damaged"):
        install(tmp_path, {**SHARDED, f"{TENSORS}.index.json": index})


class TestPins:
    @pytest.mark.parametrize("files", [PLAIN, SHARDED], ids=["plain", "sharded"])
    @pytest.mark.parametrize("mark", [" ", "*", " ./"])
    def test_what_the_operator_pinned_is_taken(self, tmp_path: Path, files: Mapping[str, bytes], mark: str) -> None:
        listed = pins(files, mark)
        assert install(tmp_path, {**files, PINS: listed}) == {**files, PINS: listed}

    @pytest.mark.parametrize("name", [*SHARDED])
    def test_a_file_that_differs_is_named(self, tmp_path: Path, name: str) -> None:
        listed = pins({**SHARDED, name: b"another"})
        with pytest.raises(ModelUnavailable, match=f"'{name}' .* not the one in {PINS}: its SHA-256 differs"):
            install(tmp_path, {**SHARDED, PINS: listed})
        assert not (tmp_path / "cache" / NAME / name).exists()

    def test_a_file_that_is_not_listed_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ModelUnavailable, match="it is not listed"):
            install(tmp_path, {**PLAIN, PINS: pins({"config.json": b"{}"})})

    @pytest.mark.parametrize("listed", [b"", b"\n\n", b"rubbish", b"\xff\xfe", pins(PLAIN) + b"and more\n"])
    def test_a_list_that_is_none_is_refused(self, tmp_path: Path, listed: bytes) -> None:
        with pytest.raises(ModelUnavailable, match=PINS):
            install(tmp_path, {**PLAIN, PINS: listed})
