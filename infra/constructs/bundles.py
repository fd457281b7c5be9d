"""What is uploaded: the functions' code and the two layers, as zips that depend on their contents alone.

No Docker: wheels for the target platform are unpacked by pip, and the rest is plain Python. The same inputs give the
same names on every machine, so a deployment without a change uploads nothing.

Bytecode spares a Lambda, which cannot write its own, half of its start. Only an interpreter of the target's version can
make it, and which one a machine has is chance: so the operator names one, or does without, and his word is an input.
"""

import hashlib
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
    compiler: str = ""
    """An interpreter of that version on this machine, whose bytecode goes along; empty: none does."""

    def check(self) -> None:
        """Raises ValueError if the compiler does not run here or is of another version, whose bytecode nobody reads."""
        if not self.compiler:
            return
        asked = [self.compiler, "-I", "-c", "import sys; print(*sys.version_info[:2], sys.implementation.name)"]
        try:
            told = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60).stdout.split()
        except (OSError, subprocess.SubprocessError) as error:
            raise ValueError(f"{self.compiler!r} is no Python that runs here: {error}") from None
        wanted = [*map(str, self.python), "cpython"]
        if told != wanted:
            raise ValueError(
                f"{self.compiler!r} must be CPython {'.'.join(wanted[:2])}, not {' '.join(told) or 'silent'}"
            )

    @property
    def marks(self) -> tuple[object, ...]:
        """What a bundle's contents depend on beside its sources."""
        return (self.python, "bytecode") if self.compiler else ()


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
        inputs = (requirements.read_bytes(), self.target.python, self.target.platforms, *self.target.marks)
        digest = hashlib.sha256(repr(inputs).encode()).hexdigest()
        path = self.out / f"runtime-{digest[:16]}.zip"
        if not path.exists():
            with tempfile.TemporaryDirectory() as folder:
                self._unpack_wheels(requirements, Path(folder))
                self._write(path, dict(_installed(Path(folder))))
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
        digest = _digest(contents, self.target.marks)
        path = self.out / f"{name}-{digest[:16]}.zip"
        if not path.exists():
            self._write(path, contents)
        return Bundle(path, digest)

    def _write(self, path: Path, contents: Mapping[str, bytes]) -> None:
        _write(path, {**contents, **(_bytecode(contents, self.target.compiler) if self.target.compiler else {})})


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


def _bytecode(contents: Mapping[str, bytes], compiler: str) -> dict[str, bytes]:
    """Modules compiled by that interpreter, which are loaded without a look at the source.

    What it cannot compile goes without: packages bring examples of errors and files for other versions along.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for arcname, source in contents.items():
            if arcname.endswith(".py"):
                here = folder / arcname
                here.parent.mkdir(parents=True, exist_ok=True)
                here.write_bytes(source)
        # `-s` keeps this machine's paths out of the bytes.
        how = ["-q", "-q", "-f", "--invalidation-mode", "unchecked-hash", "-s", name, name]
        subprocess.run([compiler, "-I", "-W", "ignore", "-m", "compileall", *how], check=False, cwd=name)
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.pyc"))}


def _digest(contents: Mapping[str, bytes], marks: tuple[object, ...]) -> str:
    whole = hashlib.sha256(repr(marks).encode() if marks else b"")
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
