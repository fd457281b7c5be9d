"""All stems of one model: htdemucs."""

from patchbay.catalog.workflows._isolation import one_model

WORKFLOW = one_model("htdemucs")
