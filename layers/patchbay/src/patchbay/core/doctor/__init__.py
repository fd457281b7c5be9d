"""Looks at all of a deployment and says what to do: nothing is changed, and one thing that fails stops no other."""

from patchbay.core.doctor.examine import AREAS, examine

__all__ = ["AREAS", "examine"]
