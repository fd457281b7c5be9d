"""All stems of one model: mdx_extra."""

from patchbay.catalog.workflows._isolation import one_model

WORKFLOW = one_model("mdx_extra")
