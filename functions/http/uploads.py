"""Routes that take the file itself. What they call may block: each such request has a thread, or a Lambda, of its own.

Their paths are in the dialect's `streamed`, so that nothing else reads the body.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any

from starlette.requests import Request

from functions.http import once
from functions.http.app import caller
from functions.http.multipart import SLACK_BYTES, FormReader, read_form
from patchbay import bootstrap
from patchbay.core import intake
from patchbay.core.intake import Intake
from patchbay.domain.assets import Asset
from patchbay.domain.errors import PatchbayError

Check = Callable[[dict[str, str]], object]


async def receive_file(
    request: Request, *, field: str = "file", check: Check | None = None
) -> tuple[Asset, dict[str, str]]:
    """Store the file of a form: the new asset, whose bytes are there but not looked at yet, and the form's texts.

    `check` is shown the texts before the file is stored for good; what it raises goes through.
    A repetition under the same idempotency key gives the first asset, or raises `Repeated` if its answer was kept.
    Raises `InvalidInput`, `TooLarge`, `Conflict`, `Unavailable`; then, as when the client goes away, nothing is left.
    """
    with ExitStack() as stack:
        taken, fields = await _read(request, stack, (field, ""), range(1, 2), check, None)
        return taken[0].finish(once.once_of(request)), fields


async def receive_files(
    request: Request,
    *,
    field: str,
    also: str = "",
    most: int,
    least: int = 1,
    check: Check | None = None,
    keep_until: datetime | None = None,
) -> tuple[list[Asset], dict[str, str]]:
    """Store the files of a form, `least` to `most`, all of them or none, in their order; else as `receive_file`.

    `also`: another name that their parts may have.

    `keep_until`: when they go by themselves, whatever becomes of this process. They are not what an idempotency key
    stands for: that is whatever is made of them.
    """
    with ExitStack() as stack:
        taken, fields = await _read(request, stack, (field, also), range(least, most + 1), check, keep_until)
        stored: list[Asset] = []
        try:
            stored.extend(each.finish() for each in taken)
        except BaseException:
            for asset in stored:
                with suppress(PatchbayError):
                    bootstrap.services().assets.delete(asset.tenant_id, asset.id)
            raise
        return stored, fields


async def _read(
    request: Request,
    stack: ExitStack,
    parts: tuple[str, str],
    count: range,
    check: Check | None,
    keep_until: datetime | None,
) -> tuple[list[Intake], dict[str, str]]:
    """The files of a form, as many as `count` has, whole but not stored yet, and its texts."""
    assets = bootstrap.services().assets
    tenant_id = caller(request).tenant_id
    taken: list[Intake] = []

    def open_file(name: str) -> Intake:
        if taken:  # whole, but finished with all others: many would hold a part each
            taken[-1].close()
        taken.append(stack.enter_context(intake.begin(assets, tenant_id, name=name, keep_until=keep_until)))
        return taken[-1]

    (field, also), least, most = parts, count[0], count[-1]
    largest = most * assets.limits.max_upload_bytes + SLACK_BYTES
    kind = request.headers.get("content-type", "")
    reader = FormReader(kind, field=field, also=also, open_file=open_file, max_bytes=largest, least=least, most=most)
    fields = await read_form(request.receive, reader)
    if check:
        check(fields)
    # Only now: what tells a form from another is its contents.
    if answer := once.begin(request.scope, tenant_id, _digest([each.sha256 for each in taken], fields)):
        raise once.Repeated(answer)
    return taken, fields


def _digest(files: list[str], fields: dict[str, str]) -> str:
    """What tells one form from another: boundaries and the order of the texts do not."""
    return hashlib.sha256(json.dumps([files, sorted(fields.items())]).encode()).hexdigest()


def form_body(*, field: str = "file", needed: bool = True, **texts: str) -> dict[str, Any]:
    """`openapi_extra` of such a route: the file's part, and what each text field beside it is."""
    properties = {name: {"type": "string", "description": told} for name, told in texts.items()}
    schema = {
        "type": "object",
        **({"required": [field]} if needed else {}),
        "properties": {field: {"type": "string", "format": "binary"}, **properties},
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
