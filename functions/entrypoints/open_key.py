"""For workers: the key that a task's owner keeps for a service elsewhere. Workers have no key of the vault."""

from collections.abc import Mapping
from typing import Any

from functions.http import observe
from patchbay import bootstrap
from patchbay.domain.errors import NotFound, VendorRefused


@observe.watched("open-key")
def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """`{tenant_id, job_id, step, worker_id}` -> `{id, key}`, or why there is none: `{refused}`, `{missing}`.

    Raises whatever may pass, without a word of the key.
    """
    asked = (event["tenant_id"], event["job_id"], event["step"], event["worker_id"])
    try:
        key = bootstrap.services().vendors.open_for(*asked)
    except VendorRefused as error:
        return {"refused": str(error)}
    except NotFound as error:
        return {"missing": str(error)}
    return {"id": key.id, "key": key.text}
