"""The packages of other people in each thing that is deployed, with their versions, licences and hashes.

What a thing holds is read from the same files that it is built from. What a package brings with it, and under which
licence it is, its own metadata tell: those of the environment at hand, which `requirements.lock` makes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.constructs.bundles import ROOT
from infra.constructs.worker_images import ENGINES

_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+(( AND | OR | WITH )[A-Za-z0-9.+-]+)*")
_OF_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What older metadata say, in SPDX's words."""
_OF_TEXTS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
}
_UNSAID = {"sphn": "Apache-2.0"}
"""Licences that a package's metadata leave out, as its own licence file says; by name."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One package in one version."""

    kind: Literal["pypi", "npm"]
    name: str
    version: str
    licence: str = ""
    """In SPDX's words; empty where nothing says."""
    sha256: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Names of the parts that it needs itself."""

    @property
    def purl(self) -> str:
        """Its package URL (ECMA-427), by which everybody knows it."""
        name = self.name.replace("@", "%40", 1) if self.kind == "npm" else str(canonicalize_name(self.name))
        return f"pkg:{self.kind}/{name}@{self.version}"


def things() -> dict[str, list[Part]]:
    """Name -> parts of each thing that is deployed."""
    workers = {f"worker-{name}": _of_worker(engines) for name, engines in ENGINES.items()}
    service = _closure(_wanted(ROOT / "functions/requirements.txt"))
    return {
        "lambda-layer": pinned(ROOT / "layers/runtime/requirements.txt"),
        **workers,
        "ingest-service": service,
        "studio": of_npm(ROOT / "infra/studio/package-lock.json"),
    }


def pinned(path: Path) -> list[Part]:
    """Parts of a file of pins, whole: what it does not name is not installed."""
    text = path.read_text()
    pins = list(_PIN.finditer(text))
    ends = [*(pin.start() for pin in pins[1:]), len(text)]
    return sorted(
        _part(pin[1], version=pin[2], sha256=tuple(_HASH.findall(text, pin.end(), end)))
        for pin, end in zip(pins, ends, strict=True)
    )


def of_npm(path: Path, *, dev: bool = False) -> list[Part]:
    """Parts of a `package-lock.json`; without those that only build."""
    packages: Mapping[str, Mapping[str, object]] = json.loads(path.read_text())["packages"]
    return sorted(
        Part("npm", place.rpartition("node_modules/")[2], str(told["version"]), str(told.get("license", "")))
        for place, told in packages.items()
        if place and (dev or not told.get("dev"))
    )


def _of_worker(engines: Iterable[str]) -> list[Part]:
    names = ("audio", "runtime", *engines)
    return _closure([line for name in names for line in _wanted(ROOT / f"gpu_workers/{name}/requirements.txt")])


def _wanted(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def _closure(wanted: Iterable[str]) -> list[Part]:
    """The packages asked for, and all that they bring on Linux. Raises LookupError for one that is not here."""
    found: dict[str, Part] = {}
    todo = [Requirement(line) for line in wanted]
    while todo:
        one = todo.pop()
        name = str(canonicalize_name(one.name))
        brought = list(_needs(name, one.extras))
        if name not in found or one.extras:
            found[name] = _part(name)
            todo += brought
    return sorted(found.values())


def _needs(name: str, extras: Iterable[str] = ()) -> Iterator[Requirement]:
    for line in _installed(name).requires or ():
        need = Requirement(line)
        choices = [{"extra": extra} for extra in ("", *extras)]
        if need.marker is None or any(need.marker.evaluate({**each, "sys_platform": "linux"}) for each in choices):
            yield need


def _part(name: str, *, version: str = "", sha256: tuple[str, ...] = ()) -> Part:
    needs = sorted({str(canonicalize_name(need.name)) for need in _needs(name)})
    told = version or _installed(name).version
    return Part("pypi", str(canonicalize_name(name)), told, licence_of(name), sha256, tuple(needs))


def licence_of(name: str) -> str:
    """What a package's metadata say of its licence, in SPDX's words; empty if they say nothing."""
    told = _installed(name).metadata
    if expression := told.get_all("License-Expression"):
        return str(expression[0])
    classes = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or () if line.startswith("License ::")]
    known = sorted({_OF_CLASSIFIERS[each] for each in classes if each in _OF_CLASSIFIERS})
    text = str((told.get_all("License") or [""])[0]).strip()
    by_text = _OF_TEXTS.get(text, text if _EXPRESSION.fullmatch(text) else "")
    return " OR ".join(known) or by_text or _UNSAID.get(str(canonicalize_name(name)), "")


@cache
def _installed(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise LookupError(f"{name} is not in this environment; `make venv` makes it from requirements.lock") from None
