"""What torch says when memory is out, in the words that the worker knows."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Raises MemoryError for the plain RuntimeError of the CPU's allocator; a GPU's has a class of its own."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        if "can't allocate memory" in str(error) or "not enough memory" in str(error):
            raise MemoryError(str(error)) from error
        raise
