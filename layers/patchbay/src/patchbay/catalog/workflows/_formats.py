"""Formats that several results of one job are given in."""

from typing import Annotated

from pydantic import AfterValidator

from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import Format


def _distinct(formats: tuple[Format, ...]) -> tuple[Format, ...]:
    if len(set(formats)) < len(formats):
        raise InvalidInput("a format is named twice", field="formats")
    return formats


Formats = Annotated[tuple[Format, ...], AfterValidator(_distinct)]
"""Each at most once. Raises `InvalidInput`."""
