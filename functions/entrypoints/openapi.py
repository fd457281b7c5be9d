"""The committed OpenAPI documents: `python -m functions.entrypoints.openapi` checks them, `--write` makes them anew."""

import importlib
import sys
from pathlib import Path

from functions import dialects
from functions.http import openapi
from functions.http.dialect import Dialect
from patchbay.catalog.dialects import DIALECTS


def dialect(name: str) -> Dialect:
    """The dialect of that name."""
    found: Dialect = importlib.import_module(f"functions.dialects.{name}.routes").DIALECT
    return found


def place(name: str) -> Path:
    """Where a dialect's document is."""
    return Path(dialects.__path__[0]) / name / "openapi.json"


def main(arguments: list[str]) -> int:
    """Write or check every document. Returns the exit status."""
    stale = 0
    for entry in DIALECTS:
        path, text = place(entry.name), openapi.text(dialect(entry.name))
        if "--write" in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{path} is not what the code says; run with --write\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
