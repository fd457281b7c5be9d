"""All stems of one model: htdemucs_6s."""

from patchbay.catalog.workflows._isolation import one_model

WORKFLOW = one_model("htdemucs_6s")
