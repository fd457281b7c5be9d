"""The manifest of SoundForge's mixer, as an arrangement: one track for each stem, a second for each beat.

Edits are at seconds of the stem. `cut` takes a stretch out, and what comes after it moves up; `mute` leaves silence in
its place; `fade_in` and `fade_out` go through a stretch and leave what is around it as it is. A mix ends with the last
sound that is left in it, so that stems which all end muted make it shorter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from functions.http.errors import InvalidFields, field_problems
from functions.http.schemas import Body
from patchbay.domain.arrangement import Arrangement, Clip, Source, Track
from patchbay.domain.errors import InvalidInput

MAX_EDITS = 500
MAX_STEMS = 16
MAX_NAME_CHARS = 100
MAX_FADE_S = 3600.0
"""A clip's longest fade."""
_BEATS_PER_MINUTE = 60.0
_END_S = 86_400.0
Seconds = Annotated[float, Field(ge=0, le=_END_S, allow_inf_nan=False)]
StemName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]


class Edit(Body):
    """One edit of a stem."""

    stem: StemName
    type: Literal["cut", "mute", "fade_in", "fade_out"]
    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def is_a_stretch(self) -> "Edit":
        """Raises ValueError for one that ends before it begins, or fades for too long."""
        if self.end <= self.start:
            raise ValueError("an edit ends after its start")
        if self.type.startswith("fade") and self.end - self.start > MAX_FADE_S:
            raise ValueError(f"a fade lasts {MAX_FADE_S:g} s at most")
        return self


class Manifest(Body):
    """How the stems are mixed."""

    volumes: dict[StemName, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict, max_length=100)
    pans: dict[StemName, Annotated[float, Field(ge=-1, le=1)]] = Field(default_factory=dict, max_length=100)
    edits: list[Edit] = Field(default_factory=list, max_length=MAX_EDITS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a stem that is heard: seconds of the stem, and of the mix."""

    start_s: float
    end_s: float | None
    at_s: float
    fade: Literal["in", "out"] | None = None


def read(text: str) -> Manifest:
    """A manifest. Raises `InvalidFields` that name what is wrong in it."""
    try:
        return Manifest.model_validate_json(text or "{}")
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", "manifest", *fault["loc"])} for fault in error.errors()]
        raise InvalidFields(field_problems(faults)) from None


def arrangement(manifest: Manifest, stems: Sequence[str]) -> Arrangement:
    """The arrangement of stems, each a source by its own name.

    Raises `InvalidInput` for a manifest that names others, or whose edits contradict each other.
    """
    _check_names(manifest, stems)
    tracks = tuple(_track(name, number, manifest) for number, name in enumerate(stems))
    sources = tuple(Source(name=name) for name in stems)
    return Arrangement(tempo_bpm=_BEATS_PER_MINUTE, tracks=tracks, sources=sources)


def pieces(edits: Sequence[Edit]) -> list[Piece]:
    """What is left of one stem. Raises `InvalidInput` for a fade that another edit reaches into."""
    fades = [edit for edit in edits if edit.type.startswith("fade")]
    for fade in fades:
        if any(other is not fade and other.start < fade.end and fade.start < other.end for other in edits):
            told = f"the {fade.type} of {fade.stem!r} at {fade.start:g} s overlaps with another edit"
            raise InvalidInput(told, field="manifest.edits")
    marks = sorted({0.0, *(at for edit in edits for at in (edit.start, edit.end))})
    found: list[Piece] = []
    at_s = 0.0
    for start_s, end_s in zip(marks, [*marks[1:], None], strict=True):
        here = {edit.type for edit in edits if edit.start <= start_s < edit.end}
        if "cut" in here or start_s >= _END_S:  # a cut to the last second that can be named leaves no rest
            continue
        if "mute" not in here:
            found.append(
                Piece(start_s, end_s, at_s, "in" if "fade_in" in here else "out" if "fade_out" in here else None)
            )
        at_s += (end_s or start_s) - start_s
    return found


def _track(name: str, number: int, manifest: Manifest) -> Track:
    clips = tuple(
        Clip(
            id=f"{number}-{place}",
            source=name,
            start_beats=piece.at_s,
            cut_start_s=piece.start_s,
            cut_end_s=piece.end_s,
            fade_in_s=_length_s(piece) if piece.fade == "in" else 0.0,
            fade_out_s=_length_s(piece) if piece.fade == "out" else 0.0,
        )
        for place, piece in enumerate(pieces([edit for edit in manifest.edits if edit.stem == name]))
    )
    volume, pan = manifest.volumes.get(name, 1.0), manifest.pans.get(name, 0.0)
    return Track(id=str(number), name=name, clips=clips, volume=volume, pan=pan)


def _length_s(piece: Piece) -> float:
    return (piece.end_s or piece.start_s) - piece.start_s


def _check_names(manifest: Manifest, stems: Sequence[str]) -> None:
    named: Mapping[str, set[str]] = {
        "volumes": set(manifest.volumes),
        "pans": set(manifest.pans),
        "edits": {edit.stem for edit in manifest.edits},
    }
    for field, names in named.items():
        if unknown := sorted(names - set(stems)):
            told = f"there is no stem {unknown[0]!r}; there are: {', '.join(stems)}"
            raise InvalidInput(told, field=f"manifest.{field}")
