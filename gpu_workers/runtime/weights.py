"""Model weights on this machine: fetched once, checked, and out of everybody else's reach.

A weights file may be a pickle, and loading one runs code in it: an engine sees a file only if its SHA-256 is the
catalogue's. What is checked is a copy of our own in a folder that nobody else can write to, so that nothing can be put
in its place between the check and the use.
"""

import hashlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

from patchbay.catalog import models
from patchbay.catalog.models import Model
from patchbay.domain.errors import ModelUnavailable, Unavailable
from patchbay.domain.tasks import ModelFiles

Fetch = Callable[[str, Path], None]
"""Copies the file of that name, relative to the place of all weights, to a path. Raises FileNotFoundError."""
_BLOCK_BYTES = 1024 * 1024
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
        for name, sha256 in model.files.items():
            self._take(model, name, sha256, folder / name)
        _write_bag(model, folder)
        return folder

    def _take(self, model: Model, name: str, sha256: str, target: Path) -> None:
        if Path(name).name != name:
            raise ModelUnavailable(f"weights file {name!r} of model {model.name!r} is not a plain name")
        target.unlink(missing_ok=True)
        try:
            self._fetch(f"{model.name}/{name}", target)
        except FileNotFoundError:
            raise Unavailable(f"weights file {name!r} of model {model.name!r} is not installed on the worker") from None
        target.chmod(0o400)
        if hash_of(target) != sha256:
            target.unlink()
            told = f"weights file {name!r} of model {model.name!r} is not the one in the catalogue: its SHA-256 differs"
            raise ModelUnavailable(told)


def hash_of(path: Path) -> str:
    """A file's SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


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
