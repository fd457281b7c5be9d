"""What is stored, and in which form: every entity of the product, and the fields of its body.

`python -m tests.support.stored` writes `stored.json` beside this file again, after a release has changed a shape.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

import patchbay.core
import patchbay.domain
from patchbay.domain.base import Entity

COMMITTED = Path(__file__).with_name("stored.json")


def entities() -> list[type[Entity]]:
    """All kinds of things that are stored, by name."""
    for package in (patchbay.domain, patchbay.core):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    return sorted(_below(Entity), key=lambda kind: kind.__name__)


def parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models of a model's fields, of theirs, and so on."""
    for info in model.model_fields.values():
        for found in _models(info.annotation):
            yield found
            yield from parts(found)


def shapes() -> dict[str, Any]:
    """Name of an entity or part -> the fields that are read from its body: type and default."""
    told: dict[str, Any] = {}
    for kind in entities():
        told[kind.__name__] = {"form": kind.FORM, "fields": _fields(kind)}
        for part in parts(kind):
            told.setdefault(part.__name__, {"fields": _fields(part)})
    return dict(sorted(told.items()))


def faults(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """What a release of before, or this one, could not read of what the other stores."""
    for name, old in before.items():
        new = now.get(name)
        if new is None or new.get("form") != old.get("form"):
            continue  # not stored any more, or with a way from one form to the other
        for field in old["fields"].keys() | new["fields"].keys():
            there, here = old["fields"].get(field), new["fields"].get(field)
            if there is None and " = " not in here:
                yield f"{name}.{field} is new, and has no default: what is stored lacks it"
            elif here is None and " = " not in there:
                yield f"{name}.{field} is gone: the release before cannot do without it"
            elif there and here and there != here:
                yield f"{name}.{field} was `{there}` and is `{here}`"


def _fields(model: type[BaseModel]) -> dict[str, str]:
    fields = {}
    for name, info in model.model_fields.items():
        if name == "version":
            continue
        told: Any = info.annotation
        plain = isinstance(told, type) and not get_args(told)
        fields[name] = told.__name__ if plain else str(told).replace("typing.", "")
        if not info.is_required():
            fields[name] += f" = {info.get_default(call_default_factory=True)!r}"
    return fields


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _below(kind: type[Entity]) -> Iterator[type[Entity]]:
    for found in kind.__subclasses__():
        if found.__module__.startswith("patchbay."):
            yield found
            yield from _below(found)


if __name__ == "__main__":
    COMMITTED.write_text(json.dumps(shapes(), indent=1) + "\n")
