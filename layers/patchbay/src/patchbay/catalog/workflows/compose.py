"""Music made of a genre, emotions and wishes, with no input.

Outputs, in this order, where V counts versions and S sections, both from 0:

| name | when | what |
| --- | --- | --- |
| `track.<format>` | always, one for each format | the whole piece, each section in its chosen version |
| `stem-<part>.<format>` | `stems` | one part of the whole piece; parts: bass, chords, melody, percussion |
| `instruments.zip` | `instrument_stems` | a WAV file (32-bit float) for each part of the whole piece; they sum to it |
| `section-V-S.mp3`, `preview-V-S.mp3` | `sections_audio` | a version of a section; the beginning of it |
| `stem-V-S-<part>.mp3` | `section_stems` | one part of a version of a section |
| `score.mid`, `pianoroll.png` | always | the whole piece as notes, and a picture of them |
| `composition.json` | always | key, tempo, beats, chords, sections, instruments; times in seconds |
| `key`, `bpm` | always | plain values, of the whole piece |
| `instruments` | always | plain value: `[V][S]` lists of `<part>-<instrument>`, those that are heard |
"""

from patchbay.catalog.composition import FILES, VALUES
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import StepSpec, Workflow
from patchbay.catalog.workflows._compose import ComposeParams

__all__ = ["NOTES", "WORKFLOW", "ComposeParams"]
NOTES = (*FILES, *VALUES)


def _plan(params: ComposeParams, shelf: Shelf) -> tuple[StepSpec, ...]:
    wishes = params.model_dump(mode="json", exclude={"title", "sections"})
    # Written out in full, so that an order that leaves a default out is the same computation as one that names it.
    wishes["sections"] = [section.model_dump(mode="json") for section in params.whole()]
    wishes["choice"] = list(params.choice or (0,) * len(params.whole()))
    return (
        StepSpec(
            name="compose",
            engine="composition",
            compute="cpu",
            outputs=params.output_names(),
            values=VALUES,
            params=wishes,
            timeout_s=3600,
        ),
    )


WORKFLOW = Workflow(
    slug="compose",
    name="Composition",
    description="Composes a piece of music from a genre, emotions and wishes: audio, stems, versions, MIDI and score.",
    params=ComposeParams,
    plan=_plan,
    input="none",
)
