"""A digest of everything that the deployed templates and assets are made of: equal digest, nothing to deploy."""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

SOURCES = ("infra", "functions", "layers")
FILES = ("cdk.json", "cdk.context.json", "pyproject.toml")
LOCKS = ("*.lock", "requirements*.txt", "pylock*.toml")
# The twin deploys the stacks and is not part of them; nor is the studio, which it serves itself.
IGNORED = ("infra/twin", "infra/studio", "infra/node_modules", "infra/cdk.out")
IGNORED_NAMES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "node_modules", ".venv", "dist", "build"}


def repository_fingerprint(root: Path, *facts: str) -> str:
    """Of the product's own app."""
    return _digest(root, _repository_files(root), facts)


def folder_fingerprint(folder: Path, *facts: str) -> str:
    """Of another app, which is all in one folder."""
    return _digest(folder, _below(folder, folder), facts)


def _digest(root: Path, files: Iterable[Path], facts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for fact in (sys.version, *facts):
        digest.update(fact.encode() + b"\0")
    for path in sorted(set(files)):
        content = path.read_bytes()
        # The length keeps two files apart from one that holds both.
        digest.update(path.relative_to(root).as_posix().encode() + b"\0%d\0" % len(content) + content)
    return digest.hexdigest()


def _repository_files(root: Path) -> Iterator[Path]:
    for name in FILES:
        if (root / name).is_file():
            yield root / name
    for pattern in LOCKS:
        yield from root.glob(pattern)
    for name in SOURCES:
        yield from _below(root / name, root)


def _below(folder: Path, root: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        relative = entry.relative_to(root).as_posix()
        if entry.name in IGNORED_NAMES or entry.name.startswith(".") or relative in IGNORED:
            continue
        if entry.name.endswith((".pyc", ".egg-info")):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _below(entry, root)
        elif entry.is_file():
            yield entry
