"""Model weights on this machine: fetched once, checked, and out of everybody else's reach.

A weights file may be a pickle, and loading one runs code in it: an engine sees a file only if its SHA-256 is the
catalogue's. Where the catalogue knows none, the file has to be of a kind that is data alone (safetensors, JSON), and
what a list `SHA256SUMS` beside the weights says counts, if there is one. What is checked is a copy of our own in a
folder that nobody else can write to, so that nothing can be put in its place between the check and the use.
"""

import importlib.util
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from patchbay.catalog import models
from patchbay.catalog.models import Model
from patchbay.core.digests import sha256_of
from patchbay.domain.errors import ModelUnavailable, Unavailable
from patchbay.domain.tasks import ModelFiles

Fetch = Callable[[str, Path], None]
"""Copies the file of that name, relative to the place of all weights, to a path. Raises FileNotFoundError."""
_PACKAGE = Path(__file__).parents[1]
"""Where the engines' folders are, which hold the files of embedded models."""
PINS = "SHA256SUMS"
"""The operator's own list of digests, as `sha256sum` writes it: once there is one, every file has to be on it."""
_DATA_ALONE = (".safetensors", ".json")
_SHARD = re.compile(r"[\w.-]{1,100}\.safetensors")
_MAX_SHARDS = 64
_MAX_LIST_BYTES = 4 * 1024 * 1024
_PIN = re.compile(r"([0-9a-f]{64}) [ *](?:\./)?(\S+)")
_BAG_MEMBERS = re.compile(r"^models:\s*\[(.*?)\]", re.MULTILINE)


class Weights:
    """The models that this process has fetched so far, below `cache`, a private folder of it."""

    def __init__(self, fetch: Fetch, cache: Path) -> None:
        self._fetch = fetch
        self._cache = cache
        self._ready: dict[str, ModelFiles] = {}

    def files(self, engine: str, name: str, version: str) -> ModelFiles:
        """A model's files. Raises `ModelUnavailable` naming the file that is not what it should be, `Unavailable` for
        what another worker may have.
        """
        model = models.get(name)
        if model.engine != engine or (version and model.version != version):
            asked = f"{engine} model {name!r} {version}"
            # A worker of another release than the plan's; one that fits may take the task.
            raise Unavailable(f"{asked} was asked for; this worker has {model.engine} {name!r} {model.version}")
        if name not in self._ready:
            self._ready[name] = ModelFiles(name, model.version, self._install(model) if model.files else None)
        return self._ready[name]

    def _install(self, model: Model) -> Path:
        folder = self._cache / model.name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pins = self._pins(model, folder) if None in model.files.values() else {}
        for name, sha256 in model.files.items():
            if sha256 is None:
                self._take_unpinned(model, name, folder, pins)
            else:
                self._take(model, name, folder, sha256)
        _write_bag(model, folder)
        return folder

    def _take(self, model: Model, name: str, folder: Path, sha256: str | None) -> None:
        """Copy one file. Raises `Unavailable` if it is not there, `ModelUnavailable` if it is not what it should be."""
        if Path(name).name != name:
            raise ModelUnavailable(f"weights file {name!r} of model {model.name!r} is not a plain name")
        target = folder / name
        target.unlink(missing_ok=True)
        try:
            if model.embedded:
                shutil.copyfile(_PACKAGE / model.engine / name, target)
            else:
                self._fetch(f"{model.name}/{name}", target)
        except FileNotFoundError:
            raise Unavailable(f"weights file {name!r} of model {model.name!r} is not installed on the worker") from None
        target.chmod(0o400)
        if sha256 is not None and sha256_of(target) != sha256:
            target.unlink()
            told = f"weights file {name!r} of model {model.name!r} is not the one in the catalogue: its SHA-256 differs"
            raise ModelUnavailable(told)

    def _take_unpinned(self, model: Model, name: str, folder: Path, pins: dict[str, str]) -> None:
        """Copy a file that the catalogue knows no digest of; the shards of it, if it lies there in shards."""
        if not name.endswith(_DATA_ALONE):
            raise ModelUnavailable(f"weights file {name!r} of model {model.name!r} could run code and has no SHA-256")
        try:
            self._take_listed(model, name, folder, pins)
        except Unavailable:
            index = f"{name}.index.json"
            try:
                self._take_listed(model, index, folder, pins)
            except Unavailable:
                pass
            else:
                for shard in _shards(model, folder / index):
                    self._take_listed(model, shard, folder, pins)
                return
            raise

    def _take_listed(self, model: Model, name: str, folder: Path, pins: dict[str, str]) -> None:
        self._take(model, name, folder, None)
        if pins and pins.get(name) != sha256_of(folder / name):
            (folder / name).unlink()
            why = "its SHA-256 differs" if name in pins else "it is not listed"
            raise ModelUnavailable(f"weights file {name!r} of model {model.name!r} is not the one in {PINS}: {why}")

    def _pins(self, model: Model, folder: Path) -> dict[str, str]:
        """File name -> SHA-256 of the operator's list; empty where there is none. Raises `ModelUnavailable`."""
        try:
            self._take(model, PINS, folder, None)
        except Unavailable:
            return {}
        lines = _text(model, folder / PINS).splitlines()
        found = [_PIN.fullmatch(line.strip()) for line in lines if line.strip()]
        if not found or None in found:
            raise ModelUnavailable(f"{PINS} of model {model.name!r} is no list as sha256sum writes it")
        return {match[2]: match[1] for match in found if match}


def _text(model: Model, path: Path) -> str:
    """A small text file. Raises `ModelUnavailable` for what is none."""
    try:
        if path.stat().st_size <= _MAX_LIST_BYTES:
            return path.read_text("utf-8")
    except UnicodeDecodeError:
        pass
    raise ModelUnavailable(f"weights file {path.name!r} of model {model.name!r} is damaged")


def _shards(model: Model, index: Path) -> list[str]:
    """Names of the files that hold a model's tensors between them. Raises `ModelUnavailable`."""
    try:
        names = sorted(set(json.loads(_text(model, index))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        names = []
    if not 0 < len(names) <= _MAX_SHARDS or not all(isinstance(one, str) and _SHARD.fullmatch(one) for one in names):
        raise ModelUnavailable(f"weights file {index.name!r} of model {model.name!r} is damaged")
    return names


def _write_bag(model: Model, folder: Path) -> None:
    """Put Demucs's own definition of the model beside its files: which of them it is made of, with what weight.

    It comes from the installed package, never from where the weights lie. Models unknown to the package need none.
    """
    spec = importlib.util.find_spec("demucs") if any(name.endswith(".th") for name in model.files) else None
    if spec is None or spec.origin is None:
        return
    source = Path(spec.origin).parent / "remote" / f"{model.name}.yaml"
    if not source.is_file():
        return
    text = source.read_text()
    found = _BAG_MEMBERS.search(text)
    members = set(re.findall(r"[0-9a-f]{8}", found.group(1))) if found else set()
    if members != {name.partition("-")[0].removesuffix(".th") for name in model.files}:
        raise ModelUnavailable(f"the files of model {model.name!r} in the catalogue are not those that Demucs names")
    (folder / source.name).write_text(text)
