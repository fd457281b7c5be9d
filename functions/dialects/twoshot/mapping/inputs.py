"""Inputs of a generation, in either of the forms that clients send, matched to the parameters of a model.

A list's inputs fill the parameters of their type in order; one with a name fills that parameter, and the others pass it
by. An object names every parameter.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from functions.dialects.twoshot.schemas.models import MAX_INPUTS, Audio, Input
from functions.http.errors import InvalidFields, field_problems
from patchbay.catalog.generators import Generator, Parameter
from patchbay.domain.errors import InvalidInput

FIELD = "inputs"
_AUDIO_FIELDS = tuple(Audio.model_fields)


@dataclass(frozen=True, slots=True)
class Given:
    """One input, and the parameter that it is for."""

    parameter: Parameter
    place: str
    """Where the client wrote it."""
    value: str | float | bool | None = None
    audio: Audio | None = None

    def told(self) -> dict[str, Any]:
        """As it is told again to its owner."""
        named = {"type": self.parameter.type, "name": self.parameter.name}
        if self.audio is None:
            return {**named, "value": self.value}
        return {**named, **self.audio.model_dump(include=set(_AUDIO_FIELDS), exclude_none=True)}


def matched(of: Generator, inputs: Any) -> list[Given]:
    """The inputs that a client sent for a generator. Raises `InvalidInput` that names the one at fault."""
    if not isinstance(inputs, list | dict):
        raise InvalidInput("inputs are a list, or an object by the parameters' names", field=FIELD)
    if len(inputs) > MAX_INPUTS:
        raise InvalidInput(f"there can be {MAX_INPUTS} inputs at most", field=FIELD)
    pairs = _of_list(of, inputs) if isinstance(inputs, list) else _of_object(of, inputs)
    found = [_checked(*pair) for pair in pairs]
    given = {each.parameter.name for each in found}
    if missing := [each for each in of.parameters if each.required and each.name not in given]:
        first = missing[0]
        raise InvalidInput(f"model {of.number} needs {first.name!r} ({first.type})", field=FIELD)
    return found


def _of_list(of: Generator, inputs: Sequence[Any]) -> Iterator[tuple[Parameter, str, Any]]:
    """(parameter, place, value or audio) of each input of a list; those that are null are left out."""
    try:
        items = _list().validate_python(inputs)
    except ValidationError as error:
        raise _invalid(error, FIELD) from None
    named = {item.name for item in items if item.name is not None}
    free = [parameter for parameter in of.parameters if parameter.name not in named]
    taken: set[str] = set()
    for number, item in enumerate(items):
        place = f"{FIELD}.{number}"
        parameter = _named(of, item.name, f"{place}.name") if item.name is not None else _next(of, item, free, place)
        if parameter.type != item.type:
            raise InvalidInput(f"{parameter.name!r} is of type {parameter.type}", field=f"{place}.type")
        if parameter.name in taken:
            raise InvalidInput(f"{parameter.name!r} is given twice", field=f"{place}.name")
        taken.add(parameter.name)
        if parameter.type == "audio":
            yield parameter, place, item
        elif item.value is not None:
            yield parameter, f"{place}.value", item.value


def _of_object(of: Generator, inputs: Mapping[str, Any]) -> Iterator[tuple[Parameter, str, Any]]:
    """The same of an object's."""
    for name, value in inputs.items():
        place = f"{FIELD}.{name[:64]}"
        parameter = _named(of, name, place)
        if value is None:
            continue
        if parameter.type == "audio":
            try:
                told = {"audioId": value} if isinstance(value, str) else value
                yield parameter, place, Audio.model_validate(told)
            except ValidationError as error:
                raise _invalid(error, place) from None
        else:
            yield parameter, place, value


def _checked(parameter: Parameter, place: str, value: Any) -> Given:
    if isinstance(value, Audio):
        if value.trimEnd is not None and value.trimEnd <= (value.trimStart or 0):
            raise InvalidInput("trimEnd has to be after trimStart", field=f"{place}.trimEnd")
        return Given(parameter, place, audio=value)
    try:
        return Given(parameter, place, value=parameter.checked(value))
    except InvalidInput as error:
        raise InvalidInput(str(error), field=place) from None


def _named(of: Generator, name: str, place: str) -> Parameter:
    found = of.parameter(name)
    if found is None:
        known = ", ".join(parameter.name for parameter in of.parameters)
        raise InvalidInput(f"model {of.number} has no input of that name; it takes: {known}", field=place)
    return found


def _next(of: Generator, item: Input, free: list[Parameter], place: str) -> Parameter:
    """The next parameter of an input's type, which is then free no more. Raises `InvalidInput` if there is none."""
    for parameter in free:
        if parameter.type == item.type:
            free.remove(parameter)
            return parameter
    count = sum(parameter.type == item.type for parameter in of.parameters)
    takes = f"no more than {count} of type {item.type}" if count else f"no input of type {item.type}"
    raise InvalidInput(f"model {of.number} takes {takes}", field=place)


@cache
def _list() -> TypeAdapter[list[Input]]:
    """Made when it is first needed: few requests are of this kind."""
    return TypeAdapter(list[Input])


def _invalid(error: ValidationError, place: str) -> InvalidFields:
    faults = error.errors(include_url=False, include_input=False)
    return InvalidFields(
        field_problems([{**each, "loc": ("body", *place.split("."), *each["loc"])} for each in faults])
    )
