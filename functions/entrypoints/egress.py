"""Addresses that users gave are called here, for other Lambdas, in one whose role allows nothing."""

from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap

observe.configure("egress")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """An order of `FarWeb`'s -> what came of it."""
    return bootstrap.call_out(event)
