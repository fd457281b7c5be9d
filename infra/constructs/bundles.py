"""What is uploaded: the functions' code and the two layers, as zips that depend on their contents alone.

No Docker: wheels for the target platform are unpacked by pip, and the rest is plain Python. The same inputs give the
same bytes on every machine, so a deployment without a change uploads nothing. That is why what goes to the cloud holds
no bytecode: only an interpreter of the target's version could make it, and which one a machine has is chance.
"""

import hashlib
import importlib.util
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_EPOCH = (1980, 1, 1, 0, 0, 0)
_IGNORED = {"__pycache__", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """One finished zip and the digest of what it holds."""

    path: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The machine that the code will run on."""

    python: tuple[int, int] = (3, 12)
    platforms: tuple[str, ...] = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
    local: bool = False
    """Whether the code runs on this very interpreter, so that bytecode can go with it. For another machine it would
    depend on who makes the bundle: the same commit would be other bytes, and every deployment replace everything.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundler:
    """Makes the bundles of one app."""

    out: Path
    """Folder for finished zips; they are named by content, so it can be kept and shared."""
    target: Target
    root: Path = ROOT
    install: bool = True
    """Whether to fetch wheels for the runtime layer. Without, the layer is a stand-in: for tests and work offline."""

    def functions(self) -> Bundle:
        """The code of all Lambdas; each of them names its own entry point."""
        return self._zip("functions", dict(_sources(self.root / "functions", "functions")))

    def patchbay_layer(self) -> Bundle:
        """The core as a layer, without the command line, which nobody calls in a Lambda."""
        source = self.root / "layers/patchbay/src/patchbay"
        files = {
            name: path
            for name, path in _sources(source, "python/patchbay")
            if path.relative_to(source).parts[0] not in {"cli", "cli.py"}
        }
        return self._zip("patchbay", files)

    def runtime_layer(self) -> Bundle:
        """The pinned third-party packages, as wheels for the target."""
        requirements = self.root / "layers/runtime/requirements.txt"
        if not self.install:
            return self._zip("runtime-stand-in", {"python/requirements.txt": requirements})
        # Pins carry hashes, so the requirements and the target say all there is to say about the contents.
        inputs = repr((requirements.read_bytes(), self.target.python, self.target.platforms)).encode()
        digest = hashlib.sha256(inputs).hexdigest()
        path = self.out / f"runtime-{digest[:16]}.zip"
        if not path.exists():
            with tempfile.TemporaryDirectory() as folder:
                self._unpack_wheels(requirements, Path(folder))
                _write(path, dict(_installed(Path(folder))))
        return Bundle(path, digest)

    def _unpack_wheels(self, requirements: Path, folder: Path) -> None:
        platforms = [part for name in self.target.platforms for part in ("--platform", name)]
        version = ".".join(str(part) for part in self.target.python)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        wheels = ["--only-binary", ":all:", "--implementation", "cp", "--python-version", version, *platforms]
        given = ["--require-hashes", "--no-deps", "--requirement", str(requirements), "--target", str(folder)]
        subprocess.run([*pip, *wheels, *given], check=True)

    def _zip(self, name: str, files: Mapping[str, Path]) -> Bundle:
        contents = {arcname: path.read_bytes() for arcname, path in files.items()}
        if self.target.local:
            contents |= _bytecode(contents)
        digest = _digest(contents)
        path = self.out / f"{name}-{digest[:16]}.zip"
        if not path.exists():
            _write(path, contents)
        return Bundle(path, digest)


def _sources(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """(name in the zip, file) of all that belongs to a package."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not _IGNORED.intersection(parts) and path.suffix != ".pyc":
            yield "/".join((prefix, *parts)), path


def _installed(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What pip unpacked, without scripts and without records that name this machine."""
    for name, path in _sources(folder, "python"):
        if not name.startswith("python/bin/") and path.name not in {
            "RECORD",
            "INSTALLER",
            "REQUESTED",
            "direct_url.json",
        }:
            yield name, path.read_bytes()


def _bytecode(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Compiled modules that are loaded without a look at the source: a Lambda cannot write its own.

    Made for this interpreter alone: another version's bytecode would never be read.
    """
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, source in contents.items():
            if name.endswith(".py"):
                here = Path(folder, "module.py")
                here.write_bytes(source)
                cached = importlib.util.cache_from_source(name)
                mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
                # `dfile` keeps this machine's paths out of the bytes.
                py_compile.compile(str(here), str(here) + "c", dfile=name, doraise=True, invalidation_mode=mode)
                made[cached] = Path(str(here) + "c").read_bytes()
    return made


def _digest(contents: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(contents):
        whole.update(f"{name}\0{hashlib.sha256(contents[name]).hexdigest()}\n".encode())
    return whole.hexdigest()


def _write(path: Path, contents: Mapping[str, bytes]) -> None:
    """Sorted, with one fixed time and mode; moved into place whole, since two syntheses may run at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, contents[name])
    shutil.move(part.name, path)
    path.chmod(0o644)
