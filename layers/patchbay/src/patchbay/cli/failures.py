"""What a command does when it cannot do its work: one clear line on stderr, a status other than 0, no traceback."""

import os
import sys
from collections.abc import Callable

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it: 128 and the number of SIGINT."""
USAGE = 2


class CommandFailed(Exception):
    """A command cannot go on; `str(error)` is the line that says why and, where it can, what to do."""


class Interrupted(CommandFailed):
    """Ctrl-C, after what was under way has been put in order; the line says how."""


def guarded(program: Callable[[], int], *, name: str = "patchbay") -> int:
    """Run `program`; what it raises becomes a line on stderr and an exit status."""
    if os.environ.get("PATCHBAY_DEBUG"):
        return program()
    try:
        return program()
    except BrokenPipeError:
        # Whoever read our output has gone (`patchbay jobs | head`); nothing may be written to it on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last resort of the program
        message, status = _explain(error)
        if message:
            print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
        return status


def _explain(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and the exit status."""
    from typer.exceptions import Abort, TyperException

    from patchbay.domain.errors import PatchbayError

    if isinstance(error, KeyboardInterrupt | Abort | Interrupted):
        return str(error) or "interrupted", INTERRUPTED
    if isinstance(error, TyperException):
        # A group of commands without a command has shown its help already, and has nothing to add.
        told = error.format_message()
        return f"{told} (see --help)" if told else "", USAGE
    if isinstance(error, CommandFailed | PatchbayError):
        return str(error), 1
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror, 1
    return f"{type(error).__name__}: {error} (PATCHBAY_DEBUG=1 shows where)", 1
