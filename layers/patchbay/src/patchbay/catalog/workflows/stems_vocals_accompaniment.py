"""Two stems: the voice and everything else."""

from patchbay.catalog.workflows._isolation import stems

WORKFLOW = stems(
    "stems-vocals-accompaniment",
    "Stems Isolation - Vocals & Accompaniment",
    "Splits a song into the voice and everything else; the two add up to the song.",
    ("vocals", "accompaniment"),
)
