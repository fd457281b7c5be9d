"""The twin with the tests' own ingest service: `with_ingest.py up --port N ...`, as `python -m infra.twin`."""

import sys

from infra.twin import launcher
from infra.twin.__main__ import main


def command(port: int) -> list[str]:
    """The tests' service."""
    return [sys.executable, "-m", "tests.support.files_dialect", "--port", str(port), "--grace-s", "2"]


if __name__ == "__main__":
    vars(launcher).update(ingest_paths=lambda: frozenset({"/files", "/count"}), ingest_command=command)
    sys.exit(main())
