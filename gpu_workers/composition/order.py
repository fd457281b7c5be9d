"""A task's parameters as briefs for the writer: one for the track, one for each version."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from gpu_workers.composition.score import Brief, SectionWish
from patchbay.catalog.composition import output_names
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import FORMATS, Format


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made: see the workflow `compose`."""

    track: Brief
    versions: tuple[Brief, ...]
    """The whole piece with every section in one version, for each version that is asked for."""
    formats: tuple[Format, ...]
    stems: bool
    instrument_stems: bool
    sections_audio: bool
    section_stems: bool

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Order":
        """Read a task's parameters. Raises `InvalidInput` for those that are missing, or that no brief can be of."""
        try:
            plain = _brief(params)
            count = int(params["versions"])
            choice = tuple(int(version) for version in params["choice"])
            formats = tuple(params["formats"])
            chosen = [replace(wish, version=one) for wish, one in zip(plain.sections, choice, strict=True)]
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"the parameters make no piece: {error}") from None
        if not formats or any(name not in FORMATS for name in formats):
            raise InvalidInput(f"formats have to be of {', '.join(FORMATS)}", field="formats")
        return cls(
            track=replace(plain, sections=tuple(chosen)),
            versions=tuple(replace(plain, version=version) for version in range(count)),
            formats=cast(tuple[Format, ...], formats),
            stems=bool(params.get("stems")),
            instrument_stems=bool(params.get("instrument_stems")),
            sections_audio=bool(params.get("sections_audio")),
            section_stems=bool(params.get("section_stems")),
        )

    @property
    def cuts(self) -> bool:
        """The versions are to be heard too, cut into their sections."""
        return self.sections_audio or self.section_stems

    @property
    def uniform(self) -> int | None:
        """The version that all sections of the track are in, where that is one: the track is that version."""
        chosen = {wish.version for wish in self.track.sections}
        return chosen.pop() if len(chosen) == 1 else None

    def names(self) -> list[str]:
        """Of all outputs, in the order in which the workflow lists them."""
        return list(
            output_names(
                formats=self.formats,
                versions=len(self.versions),
                sections=len(self.track.sections),
                stems=self.stems,
                instrument_stems=self.instrument_stems,
                sections_audio=self.sections_audio,
                section_stems=self.section_stems,
            )
        )


def _brief(params: Mapping[str, Any]) -> Brief:
    sections = [SectionWish(one["emotion"], one["start_s"], one["length_s"]) for one in params["sections"]]
    return Brief(
        genre=params["genre"],
        duration_s=params["duration_s"],
        tempo=params.get("bpm") or params.get("tempo") or "medium",
        sections=tuple(sections),
        key=params.get("key"),
        include=tuple(params.get("include") or ()),
        exclude=tuple(params.get("exclude") or ()),
        seed=params.get("seed") or 0,
        loop=bool(params.get("loop")),
    )
