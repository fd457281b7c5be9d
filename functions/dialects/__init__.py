"""One folder for each wire language. Which one words the report of a job is told here: its `webhooks.shape`."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from patchbay.catalog.dialects import DIALECTS
from patchbay.domain.jobs import Job

Shape = Callable[[Job], Mapping[str, Any] | None]


@cache
def shape_of(dialect: str) -> Shape:
    """The dialect's own form of a job's report; for a dialect that has none, a function that gives None."""
    place = f"{__name__}.{dialect}.webhooks"
    if dialect in {entry.name for entry in DIALECTS} and importlib.util.find_spec(place) is not None:
        shape: Shape = importlib.import_module(place).shape
        return shape
    return lambda job: None
