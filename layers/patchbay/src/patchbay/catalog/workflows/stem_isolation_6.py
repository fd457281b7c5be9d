"""Six stems."""

from patchbay.catalog.models import SIX_STEMS
from patchbay.catalog.workflows._isolation import stems

WORKFLOW = stems(
    "stem-isolation-6",
    "Stems Isolation - Vocals, Drums, Bass, Guitar, Piano, Other",
    "Splits a song into vocals, drums, bass, guitar, piano and other.",
    SIX_STEMS,
)
