"""Which licences go with ours (Apache-2.0), and which need an answer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from license_expression import ExpressionError, LicenseExpression, Licensing, get_spdx_licensing

from infra.supply.parts import Part

FREE = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0",
    "MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
})  # fmt: skip
"""Those that ask for no more than to be named."""
ANSWERED: Mapping[str, str] = {
    "certifi": "MPL-2.0: a list of authorities, used as it came",
    "tqdm": "MPL-2.0 AND MIT: used as it came",
    "soxr": "LGPL-2.1-or-later: loaded as a shared library that anybody may replace",
    "lameenc": "LGPL-3.0-or-later: loaded as a shared library that anybody may replace",
}
"""Packages under licences that bind whoever changes them, not whoever uses them; and why that is so here."""
OF_THE_BUILD: Mapping[str, str] = {
    "nvidia-": "NVIDIA's agreement for CUDA lets a program use its libraries, and bring them along",
    "cuda-": "the same: Python's side of them, and the package that names them all",
}
"""Beginnings of the names of what torch brings where it is built for CUDA: so not on every machine."""
_GPL_LIBRARIES = re.compile(r"lib(x264|x265|xvidcore|postproc|rubberband|fftw3|cdio|samplerate_gpl|vidstab)[-.\d]")
BUNDLED: Mapping[tuple[str, str], str] = {
    ("av", "libx264"): "never called: no step writes H.264; see docs/safety.md on handing images on",
    ("av", "libx265"): "never called: no step writes H.265; see docs/safety.md on handing images on",
}
"""Libraries under the GPL that lie in a package's wheel, though its metadata name another licence."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A part that cannot go in like this, and why."""

    part: str
    why: str


def findings(parts: Iterable[Part]) -> list[Finding]:
    """What is unknown, not free and not answered for; and answers that nobody needs any more."""
    every = sorted(set(parts))
    found = [Finding(f"{part.name} {part.version}", why) for part in every if (why := _against(part))]
    used = {part.name for part in every if not _free(part.licence)}
    left = [Finding(name, "the answer for its licence is not needed any more") for name in set(ANSWERED) - used]
    return sorted({*found, *left})


def bundled(parts: Iterable[Part]) -> list[Finding]:
    """Libraries under the GPL inside the wheels, as they lie here; and answers that nobody needs any more."""
    lie = {
        (part.name, f"lib{match[1]}")
        for part in parts
        if part.kind == "pypi"
        for file in _files(part.name)
        if (match := _GPL_LIBRARIES.match(file))
    }
    new = [Finding(name, f"{library} in its wheel is under the GPL") for name, library in lie - set(BUNDLED)]
    left = [Finding(name, f"{library} is not in its wheel any more") for name, library in set(BUNDLED) - lie]
    return sorted([*new, *left])


def _against(part: Part) -> str:
    if part.kind == "pypi" and part.name.startswith(tuple(OF_THE_BUILD)):
        return ""
    if not part.licence:
        return "nothing says under which licence it is"
    if _free(part.licence) or part.name in ANSWERED:
        return ""
    return f"{part.licence} is not among the free licences, and not answered for"


@cache
def _spdx() -> "Licensing":
    """The list of all licences, which takes a while to make."""
    return get_spdx_licensing()


@cache
def _free(licence: str) -> bool:
    """Whether one may choose only free ones: all of an AND, any one of an OR."""
    try:
        return _allows(_spdx().parse(licence, validate=False))
    except ExpressionError:
        return False


def _allows(tree: "LicenseExpression | None") -> bool:
    if tree is None:
        return False
    name = type(tree).__name__
    if name == "OR":
        return any(_allows(each) for each in tree.args)
    if name == "AND":
        return all(_allows(each) for each in tree.args)
    if name == "LicenseWithExceptionSymbol":
        return tree.license_symbol.key in FREE  # an exception takes demands away
    return tree.key in FREE


def _files(name: str) -> list[str]:
    try:
        return [file.name for file in metadata.files(name) or ()]
    except metadata.PackageNotFoundError:
        return []
