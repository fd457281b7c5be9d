"""Parameters of a composition."""

import re
from typing import Annotated, Self

from pydantic import Field, model_validator

from patchbay.catalog.composition import (
    EFFECTS,
    FACTS,
    INSTRUMENTS,
    MAX_BPM,
    MAX_DURATION_S,
    MAX_FILES,
    MAX_SECTIONS,
    MAX_SEED,
    MAX_VERSIONS,
    MIN_BPM,
    MIN_DURATION_S,
    MIN_SECTION_S,
    MODES,
    SEAM_S,
    VALUES,
    Emotion,
    Genre,
    Tempo,
    output_names,
)
from patchbay.catalog.workflow import Params
from patchbay.catalog.workflows._formats import Formats
from patchbay.domain.errors import InvalidInput

Name = Annotated[str, Field(max_length=32)]
Version = Annotated[int, Field(ge=0, lt=MAX_VERSIONS)]
_KEY = re.compile(r"[A-G][#b]?( (" + "|".join(MODES) + r"))?")


class SectionParams(Params):
    """A part of the piece with an emotion of its own."""

    emotion: Emotion = Field(description="What it should feel like")
    start_s: float = Field(ge=0, le=MAX_DURATION_S, allow_inf_nan=False, description="Where it begins, seconds")
    length_s: float = Field(
        ge=MIN_SECTION_S, le=MAX_DURATION_S, allow_inf_nan=False, description="How long it is, seconds"
    )


class ComposeParams(Params):
    """What to compose. The same parameters give the same music."""

    title: str = Field("", max_length=200, description="A name for the piece; has no effect on the music")
    genre: Genre = Field("cinematic", description="Genre")
    duration_s: float = Field(
        60.0, ge=MIN_DURATION_S, le=MAX_DURATION_S, allow_inf_nan=False, description="Length of the piece, seconds"
    )
    tempo: Tempo = Field("medium", description="Speed within what is usual in the genre")
    bpm: float | None = Field(
        None, ge=MIN_BPM, le=MAX_BPM, allow_inf_nan=False, description="Beats per minute; goes before `tempo`"
    )
    sections: tuple[SectionParams, ...] = Field(
        (),
        max_length=MAX_SECTIONS,
        description="Sections in order, each beginning where the one before ends, together as long as the piece;"
        " one section in the genre's usual emotion if left out",
    )
    key: str | None = Field(
        None, max_length=16, description="Key such as `A minor`, `Bb` or `F# dorian`; free if left out"
    )
    include: tuple[Name, ...] = Field((), max_length=16, description="Instruments that must play")
    exclude: tuple[Name, ...] = Field((), max_length=len(INSTRUMENTS), description="Instruments that must not play")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Another number gives another piece")
    versions: int = Field(1, ge=1, le=MAX_VERSIONS, description="How many versions of each section to compose")
    choice: tuple[Version, ...] = Field(
        (), max_length=MAX_SECTIONS, description="Version of each section in the whole track; the first if left out"
    )
    loop: bool = Field(False, description="Whether the end leads into the beginning without a seam")
    formats: Formats = Field(("mp3",), min_length=1, max_length=6, description="The track in each of these")
    stems: bool = Field(False, description="Whether to give bass, chords, melody and percussion of the track as well")
    instrument_stems: bool = Field(
        False,
        description="Whether to give each instrument of the track apart, as one archive of 32-bit float WAV files",
    )
    sections_audio: bool = Field(False, description="Whether to give each version of each section, and a preview of it")
    section_stems: bool = Field(False, description="Whether to give the stems of each version of each section")

    @model_validator(mode="after")
    def goes_together(self) -> Self:
        """Raises `InvalidInput` naming the first field that does not fit the others."""
        _check_sections(self)
        _check_choice(self)
        _check_key(self.key)
        _check_instruments(self)
        _check_files(self)
        return self

    def output_names(self) -> tuple[str, ...]:
        """Of all results."""
        wanted = self.model_dump(include={"formats", "versions", "stems", "instrument_stems"})
        cut = self.model_dump(include={"sections_audio", "section_stems"})
        return output_names(**wanted, **cut, sections=len(self.whole()))

    def whole(self) -> tuple[SectionParams, ...]:
        """The sections, also where none was asked for."""
        emotion = FACTS[self.genre].emotion
        return self.sections or (SectionParams(emotion=emotion, start_s=0.0, length_s=self.duration_s),)


def _check_sections(params: ComposeParams) -> None:
    at_s = 0.0
    for number, section in enumerate(params.sections):
        if section.start_s < at_s - SEAM_S:
            message = f"section {number} begins at {section.start_s:g} s, before {at_s:g} s where the one before ends"
            raise InvalidInput(message, field=f"sections.{number}.start_s")
        if section.start_s > at_s + SEAM_S:
            message = f"nothing covers the time from {at_s:g} s to {section.start_s:g} s"
            raise InvalidInput(message, field=f"sections.{number}.start_s")
        at_s = section.start_s + section.length_s
    if params.sections and abs(at_s - params.duration_s) > SEAM_S:
        last = len(params.sections) - 1
        message = f"the sections end at {at_s:g} s, but the piece is {params.duration_s:g} s long"
        raise InvalidInput(message, field=f"sections.{last}.length_s")


def _check_choice(params: ComposeParams) -> None:
    sections = len(params.whole())
    if params.choice and len(params.choice) != sections:
        raise InvalidInput(f"a version is to be chosen for each of the {sections} sections", field="choice")
    if any(version >= params.versions for version in params.choice):
        raise InvalidInput(f"there are only {params.versions} versions, counted from 0", field="choice")


def _check_files(params: ComposeParams) -> None:
    files = len(params.output_names()) - len(VALUES)
    if files > MAX_FILES:
        message = f"these are {files} files, and {MAX_FILES} go into one job: take fewer versions, or no section stems"
        raise InvalidInput(message, field="section_stems" if params.section_stems else "versions")


def _check_key(key: str | None) -> None:
    if key is not None and not _KEY.fullmatch(key):
        told = ", ".join(MODES)
        raise InvalidInput(f"{key!r} is no key such as 'A minor', 'Bb' or 'F# dorian'; modes: {told}", field="key")


def _check_instruments(params: ComposeParams) -> None:
    for name in ("include", "exclude"):
        if unknown := [one for one in getattr(params, name) if one not in INSTRUMENTS]:
            told = ", ".join(INSTRUMENTS)
            raise InvalidInput(f"there is no instrument {unknown[0]!r}; there are: {told}", field=name)
    if both := [one for one in params.include if one in params.exclude]:
        raise InvalidInput(f"{both[0]!r} is both asked for and refused", field="exclude")
    left = [*params.include, *(one for one in FACTS[params.genre].band if one not in params.exclude)]
    if all(one in EFFECTS for one in left):
        raise InvalidInput("no instrument is left to play", field="exclude")
