"""A task's files: inputs fetched and checked, outputs stored under keys that a repetition writes again."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from patchbay.core import manifests
from patchbay.core.digests import sha256_of
from patchbay.core.tasks import Tasks
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.domain.jobs import JobFile, Output
from patchbay.domain.steps import Step, StepInput
from patchbay.domain.tasks import EngineInput, EngineOutput
from patchbay.ports import Objects

MAX_VALUE_BYTES = 64 * 1024
"""Plain values are kept in the step's and the job's records, which have room for 400 kB."""


def fetch(objects: Objects, step: Step, folder: Path, check: Callable[[], None]) -> list[EngineInput]:
    """Copy a step's inputs into `folder`. Raises `InvalidInput` if one is gone or not what was planned for."""
    fetched = []
    for position, given in enumerate(_named(objects, step.inputs, folder)):
        check()
        # Named by position: an input's name is the catalogue's, but a file name needs no trust at all.
        path = folder / f"input-{position}"
        _download(objects, given, path)
        fetched.append(EngineInput(given.name, path))
    return fetched


def _named(objects: Objects, inputs: Sequence[StepInput | JobFile], folder: Path) -> Iterator[StepInput | JobFile]:
    """The inputs, with the files of a list in the list's place."""
    for given in inputs:
        if not isinstance(given, StepInput) or not given.lists:
            yield given
            continue
        path = folder / "files.json"
        _download(objects, given, path)
        if path.stat().st_size > manifests.MAX_BYTES:
            raise InvalidInput("the list of files is too long")
        files = manifests.listed(path.read_bytes())
        path.unlink()
        yield from files


def _download(objects: Objects, given: StepInput | JobFile, path: Path) -> None:
    try:
        objects.download(given.key, path)
    except NotFound:
        raise InvalidInput(f"the input {given.name!r} is not there any more") from None
    if given.sha256 and sha256_of(path) != given.sha256:
        raise InvalidInput(f"the input {given.name!r} changed after it was inspected")


def store(
    objects: Objects, tasks: Tasks, step: Step, made: Sequence[EngineOutput], folder: Path, check: Callable[[], None]
) -> list[Output]:
    """Upload what an engine made. Raises ValueError for an output that is not a file of the work folder."""
    stored = []
    seen: set[str] = set()
    for output in made:
        check()
        if output.path is None:
            if len(json.dumps(output.value, allow_nan=False)) > MAX_VALUE_BYTES:
                raise ValueError(f"the value of output {output.name!r} is too large; it should be a file")
            stored.append(Output(name=output.name, media_type="application/json", value=output.value))
            continue
        path = output.path
        inside = path.resolve().is_relative_to(folder.resolve())
        if path.name in seen or path.is_symlink() or not inside or not path.is_file():
            raise ValueError(f"output {output.name!r} is no file of its own in the work folder")
        seen.add(path.name)
        size_bytes, sha256 = path.stat().st_size, sha256_of(path)
        key = tasks.output_key(step, path.name, sha256)
        objects.upload(path, key, media_type=output.media_type)
        stored.append(
            Output(name=output.name, key=key, media_type=output.media_type, size_bytes=size_bytes, sha256=sha256)
        )
    return stored
