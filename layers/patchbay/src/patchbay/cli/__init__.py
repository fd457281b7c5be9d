"""The command line: `patchbay`."""

from collections.abc import Sequence


def main() -> None:
    """Entry point of the console script."""
    import sys

    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit status."""
    from patchbay.cli.failures import guarded

    return guarded(lambda: _call(arguments))


def _call(arguments: Sequence[str]) -> int:
    from patchbay.cli.app import app
    from patchbay.cli.failures import INTERRUPTED

    status = app(args=list(arguments) or ["--help"], prog_name="patchbay", standalone_mode=False)
    if status == INTERRUPTED:  # typer has caught it, and said nothing
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0
