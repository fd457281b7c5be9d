"""The function that opens users' keys for the workers that hold their tasks: workers themselves cannot."""

import json

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.domain.errors import NotFound, Unavailable, VendorRefused
from patchbay.ports import VendorKey


class KeysFunction:
    """The held-keys port."""

    def __init__(self, name: str) -> None:
        self._name = name

    def key_of(self, tenant_id: str, job_id: str, step: int, worker_id: str) -> VendorKey:
        """See `HeldKeys`."""
        if not self._name:
            raise Unavailable("this worker cannot have its users' keys opened (PATCHBAY_KEYS_FUNCTION is not set)")
        asked = {"tenant_id": tenant_id, "job_id": job_id, "step": step, "worker_id": worker_id}
        try:
            with clients.errors("the function for keys"):
                answer = clients.client("lambda").invoke(FunctionName=self._name, Payload=json.dumps(asked).encode())
                told = json.loads(answer["Payload"].read())
        except (ClientError, ValueError):
            raise Unavailable("the function for keys cannot be asked") from None
        if answer.get("FunctionError") or not isinstance(told, dict):
            raise Unavailable("the function for keys failed")
        if "refused" in told:
            raise VendorRefused(str(told["refused"]))
        if "missing" in told:
            raise NotFound(str(told["missing"]))
        return VendorKey(str(told["id"]), str(told["key"]))
