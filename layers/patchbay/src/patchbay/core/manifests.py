"""The files of a job that takes any number of them: kept as a list of their own, so that records stay small.

A list is named by its contents, and trusted by them: a job knows the hash of its list, and the list those of its files.
"""

import hashlib
import json
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from patchbay.domain.assets import order_prefix
from patchbay.domain.errors import InvalidInput
from patchbay.domain.jobs import JobFile
from patchbay.ports import Objects

MAX_FILES = 300
MAX_BYTES = 1024**2
"""Of a list."""
MANIFEST = "files"
_FILES = TypeAdapter(tuple[JobFile, ...])


def keep(objects: Objects, tenant_id: str, files: Sequence[JobFile]) -> JobFile:
    """Store the list of a job's files. Raises `InvalidInput` for too many of them, or two of one name."""
    if not 0 < len(files) <= MAX_FILES:
        raise InvalidInput(f"a job takes 1 to {MAX_FILES} files, not {len(files)}", field="files")
    if len({file.name for file in files}) < len(files):
        raise InvalidInput("two files have the same name", field="files")
    listed = [file.model_dump() for file in sorted(files, key=lambda file: file.name)]
    return document(objects, tenant_id, MANIFEST, json.dumps(listed, separators=(",", ":")).encode())


def document(objects: Objects, tenant_id: str, name: str, data: bytes) -> JobFile:
    """Store a JSON document that a job is to work on, as one of its files."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"{order_prefix(tenant_id)}{sha256}.json"
    objects.store(key, data, media_type="application/json")
    return JobFile(name=name, key=key, sha256=sha256)


def listed(data: bytes) -> tuple[JobFile, ...]:
    """The files of a list whose hash was checked. Raises `InvalidInput` for what is no list."""
    try:
        return _FILES.validate_json(data)
    except ValidationError:
        raise InvalidInput("the list of files cannot be read") from None
