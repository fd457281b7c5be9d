"""All stems of one model: htdemucs_ft."""

from patchbay.catalog.workflows._isolation import one_model

WORKFLOW = one_model("htdemucs_ft")
