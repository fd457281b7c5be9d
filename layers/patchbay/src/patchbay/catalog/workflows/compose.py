"""Music made of a genre, emotions and wishes, with no input.

Outputs, in this order, where V counts versions and S sections, both from 0:

| name | when | what |
| --- | --- | --- |
| `track.<format>` | always, one for each format | the whole piece, each section in its chosen version |
| `stem-<part>.<format>` | `stems` | one part of the whole piece; parts: bass, chords, melody, percussion |
| `section-V-S.mp3`, `preview-V-S.mp3` | `sections_audio` | a version of a section; the beginning of it |
| `stem-V-S-<part>.mp3` | `section_stems` | one part of a version of a section |
| `score.mid`, `pianoroll.png` | always | the whole piece as notes, and a picture of them |
| `composition.json` | always | key, tempo, beats, chords, sections, instruments; times in seconds |
| `key`, `bpm` | always | plain values, of the whole piece |
| `instruments` | always | plain value: `[V][S]` lists of `<part>-<instrument>`, those that are heard |
"""

from patchbay.catalog.composition import PARTS
from patchbay.catalog.models import Shelf
from patchbay.catalog.workflow import StepSpec, Workflow
from patchbay.catalog.workflows._compose import ComposeParams

__all__ = ["NOTES", "WORKFLOW", "ComposeParams"]
VALUES = ("key", "bpm", "instruments")
NOTES = ("score.mid", "pianoroll.png", "composition.json", *VALUES)


def _audio(params: ComposeParams) -> list[str]:
    places = [f"{v}-{s}" for v in range(params.versions) for s in range(len(params.whole()))]
    names = [f"track.{fmt}" for fmt in params.formats]
    if params.stems:
        names += [f"stem-{part}.{fmt}" for part in PARTS for fmt in params.formats]
    if params.sections_audio:
        names += [f"{kind}-{place}.mp3" for place in places for kind in ("section", "preview")]
    if params.section_stems:
        names += [f"stem-{place}-{part}.mp3" for place in places for part in PARTS]
    return names


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
            outputs=(*_audio(params), *NOTES),
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
