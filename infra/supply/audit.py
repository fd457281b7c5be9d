"""What is known against the pinned packages, by pip-audit and the database of OSV.

A database that does not answer is no finding: the network of whoever builds must not decide whether a change is good.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from infra.constructs.bundles import ROOT

OSV = "https://api.osv.dev/v1/query"
LISTS = ("requirements.lock", "layers/runtime/requirements.txt")
ANSWERED: Mapping[str, str] = {}
"""Identifiers of what is known and harms nobody here, each with why."""
_PATIENCE_S = 10.0
_LONGEST_S = 180.0
_PROBE = {"package": {"name": "pip", "ecosystem": "PyPI"}, "version": "25.0"}


class NoAnswer(Exception):
    """The database is not to be reached, or makes no sense."""


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """One thing known against one package."""

    package: str
    version: str
    id: str
    fixed_in: str


def audit(lists: Sequence[Path], *, url: str = OSV) -> list[Known]:
    """What is known, without what is answered for. Raises `NoAnswer`."""
    _must_answer(url)
    found = (each for path in lists for each in _asked(path, url))
    return sorted({each for each in found if each.id not in ANSWERED})


def _must_answer(url: str) -> None:
    """One question first: pip-audit asks hundreds, and would wait for each."""
    try:
        answer = httpx.post(url, json=_PROBE, timeout=_PATIENCE_S)
        answer.raise_for_status()
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NoAnswer(f"{urlsplit(url).hostname}: {type(error).__name__}") from None
    if not isinstance(told, dict):
        raise NoAnswer(f"{urlsplit(url).hostname}: the answer makes no sense")


def _asked(path: Path, url: str) -> list[Known]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        try:
            done = subprocess.run(_command(path, report, url), capture_output=True, timeout=_LONGEST_S, check=False)
        except subprocess.TimeoutExpired:
            raise NoAnswer(f"pip-audit had no end after {_LONGEST_S:g} s") from None
        try:
            told = json.loads(report.read_text())
        except (OSError, ValueError):
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise NoAnswer(f"pip-audit ended with {done.returncode}: {last[:300]}") from None
    return [known for package in told["dependencies"] for known in _of(package)]


def _command(path: Path, report: Path, url: str) -> list[str]:
    """Pins alone are looked at, as they stand: nothing is resolved or installed."""
    told = ["--requirement", str(path), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    form = ["--format", "json", "--output", str(report)]
    asked = ["--vulnerability-service", "osv", "--osv-url", url]
    return [sys.executable, "-m", "pip_audit", *told, *form, *asked]


def _of(package: Mapping[str, Any]) -> list[Known]:
    name, version = package["name"], package.get("version", "")
    return [Known(name, version, v["id"], ", ".join(v["fix_versions"])) for v in package.get("vulns", ())]


def main(*, url: str = OSV) -> int:
    """Say what is known. The exit status: 1 for something, 0 for nothing, and where nobody could be asked."""
    try:
        found = audit([ROOT / each for each in LISTS], url=url)
    except NoAnswer as error:
        print(f"not asked: {error}", file=sys.stderr)  # noqa: T201 - a command's words
        return 0
    for each in found:
        print(f"{each.package} {each.version}: {each.id}, fixed in {each.fixed_in or 'no version'}")  # noqa: T201
    print(f"{len(found)} known" if found else "nothing known against what is pinned")  # noqa: T201
    return 1 if found else 0
