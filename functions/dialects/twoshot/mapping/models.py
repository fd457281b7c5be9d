"""Models in the words of the TwoShot API."""

from typing import Any

from functions.dialects.twoshot.schemas.models import InputType
from patchbay.catalog.generators import Generator, Parameter, Preset
from patchbay.core.models import Shown


def model(shown: Shown) -> dict[str, Any]:
    """A model as somebody sees it."""
    found = shown.generator
    return {
        "id": found.number,
        "name": found.name,
        "description": found.description,
        "category": found.category,
        "tags": list(shown.tags),
        "inputTypes": list(found.inputs),
        "outputTypes": ["audio"],
        "maxDuration": found.max_duration_s,
        "pricing": {"free": found.credits == 0, "credits": found.credits},
        "parameters": [parameter(each) for each in found.parameters],
        "licence": found.licence,
        "created": f"{found.added.isoformat()}T00:00:00Z",
        "liked": shown.liked,
        "likes": shown.likes,
    }


def parameter(found: Parameter) -> dict[str, Any]:
    """One input of a model, without what does not apply to it."""
    told = {"name": found.name, "type": found.type, "required": found.required, "description": found.description}
    more = {
        "default": found.default,
        "min": found.least,
        "max": found.most,
        "integer": True if found.whole else None,
        "maxLength": found.max_chars,
        "options": list(found.choices) or None,
    }
    return {**told, **{name: value for name, value in more.items() if value is not None}}


def preset(found: Preset, of: Generator) -> dict[str, Any]:
    """Inputs of a model, in the form in which they are sent."""
    types: dict[str, InputType] = {each.name: each.type for each in of.parameters}
    return {
        "id": found.number,
        "name": found.name,
        "description": found.description,
        "modelId": of.number,
        "category": of.category,
        "tags": list(found.tags),
        "inputs": [{"type": types[name], "name": name, "value": value} for name, value in found.inputs.items()],
    }
