"""AudioShake's model names, and what does their work here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import FORMATS
from patchbay.domain.stems import ACCOMPANIMENT, VOCALS, left_without, residual_of

STEMS: Mapping[str, str] = {
    "vocals": VOCALS,
    "instrumental": ACCOMPANIMENT,
    "drums": "drums",
    "bass": "bass",
    "other": "other",
    "guitar": "guitar",
    "piano": "piano",
}
"""Model -> the stem that it is."""
DETECTION = "music_detection"
NOT_SERVED = (
    "vocals_lead",
    "vocals_backing",
    "guitar_electric",
    "guitar_acoustic",
    "keys",
    "strings",
    "wind",
    "other-x-guitar",
    "dialogue",
    "effects",
    "music_removal",
    "music_fx",
    "music_identification",
    "multi_voice",
    "speech_denoise",
    "speech_dereverb",
    "transcription",
    "alignment",
)
"""Models of the vendor that nothing here does the work of."""
VARIANTS = ("high_quality",)
"""The best model that is installed always does the work, so this asks for nothing more."""
STEM_WORKFLOW, DETECTION_WORKFLOW = "single-stem", "music-detection"
JSON = "json"
RESIDUAL = "_residual"
"""What the vendor puts behind a model's name for what is left of the song."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One model's work, as either API asks for it."""

    model: str
    formats: tuple[str, ...]
    residual: bool = False
    variant: str | None = None


def served(shelf: Shelf) -> tuple[str, ...]:
    """The models whose work can be done here."""
    stems = tuple(model for model in STEMS if _separates(model, shelf))
    return (*stems, DETECTION) if _detects(shelf) else stems


def formats(model: str) -> tuple[str, ...]:
    """The formats that a model's work can be had in."""
    return (JSON,) if model == DETECTION else FORMATS


def check(wish: Wish, shelf: Shelf) -> None:
    """Raises `InvalidInput`, its field `model`, `formats` or `variant`, for what cannot be done here."""
    there = served(shelf)
    if wish.model not in there:
        known = wish.model in {*STEMS, DETECTION, *NOT_SERVED}
        why = "is not served here" if known else "is not known"
        raise InvalidInput(f"model {wish.model!r} {why}; served here: {', '.join(there)}", field="model")
    takes = formats(wish.model)
    if wrong := [name for name in wish.formats if name not in takes]:
        raise InvalidInput(f"{wish.model} has no format {wrong[0]!r}; it has: {', '.join(takes)}", field="formats")
    if len(set(wish.formats)) < len(wish.formats):
        raise InvalidInput("a format is named twice", field="formats")
    if wish.variant is not None and wish.variant not in VARIANTS:
        raise InvalidInput(f"there is no variant {wish.variant!r}; there is: {', '.join(VARIANTS)}", field="variant")


def work(wishes: Sequence[Wish], shelf: Shelf) -> list[tuple[str, dict[str, Any]]]:
    """(workflow, parameters) of each of several wishes on one file, all checked.

    Each gets the best model for it alone; those that get the same one share one separation.
    """
    chosen = [None if wish.model == DETECTION else _engine_model(wish.model, shelf) for wish in wishes]
    made: list[tuple[str, dict[str, Any]]] = []
    for wish, engine_model in zip(wishes, chosen, strict=True):
        if engine_model is None:
            made.append((DETECTION_WORKFLOW, {}))
            continue
        same = (other for other, theirs in zip(wishes, chosen, strict=True) if theirs == engine_model)
        shared = {stem for other in same for stem in _wanted(other)} - set(_wanted(wish))
        params: dict[str, Any] = {"stem": STEMS[wish.model], "formats": list(wish.formats), "model": engine_model}
        if wish.residual:
            params["residual"] = True
        made.append((STEM_WORKFLOW, {**params, "shared_with": sorted(shared)} if shared else params))
    return made


def output_name(model: str, name: str) -> str:
    """What the vendor calls an output of ours: the model's own stem by the model, the rest of the song by both."""
    stem = STEMS.get(model)
    if stem is None:
        return name
    return {stem: model, residual_of(stem): model + RESIDUAL}.get(name, name)


def model_of(stem: str) -> str:
    """The model that a stem is; a name that is no stem stays."""
    return next((model for model, ours in STEMS.items() if ours == stem), stem)


def _wanted(wish: Wish) -> tuple[str, ...]:
    stem = STEMS[wish.model]
    return (stem, residual_of(stem)) if wish.residual else (stem,)


def _engine_model(model: str, shelf: Shelf) -> str:
    """Raises `InvalidInput` if no installed model has the stem."""
    stem = STEMS[model]
    return shelf.choose((left_without(stem) or stem,)).name


def _separates(model: str, shelf: Shelf) -> bool:
    try:
        _engine_model(model, shelf)
    except InvalidInput:
        return False
    return True


def _detects(shelf: Shelf) -> bool:
    workflow = workflows.workflows().get(DETECTION_WORKFLOW)
    if workflow is None:
        return False
    try:
        workflow.outputs(workflow.parse({}), shelf)
    except InvalidInput:
        return False
    return True
