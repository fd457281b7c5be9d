"""Chance by name: the same words always give the same numbers, whatever else was drawn before."""

from __future__ import annotations

import random


def chance(*names: object) -> random.Random:
    """A generator seeded by the words of its purpose, such as the seed of the piece and "key"."""
    return random.Random(":".join(map(str, names)))  # noqa: S311 - music, not secrets
