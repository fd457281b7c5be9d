"""Four stems."""

from patchbay.catalog.workflows._isolation import stems

WORKFLOW = stems(
    "stem-isolation-4",
    "Stems Isolation - Vocals, Drums, Bass, Other",
    "Splits a song into vocals, drums, bass and other.",
)
