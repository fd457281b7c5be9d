"""The few calls that the twin itself makes to the emulator: plain HTTP, as only the product's adapters use boto3."""

import json
from typing import Any

import httpx

ACCOUNT = "000000000000"
REGION = "us-east-1"


class EmulatorError(Exception):
    """The emulator refused a call or did not answer."""


def credential(service: str) -> dict[str, str]:
    """A header by which the emulator tells the service; it does not check such signatures."""
    scope = f"{ACCOUNT}/20200101/{REGION}/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


class EmulatorClient:
    """One emulator, found by its address."""

    def __init__(self, endpoint: str) -> None:
        self._http = httpx.AsyncClient(base_url=endpoint, timeout=10, trust_env=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def healthy(self) -> bool:
        """Whether it answers at all."""
        try:
            return (await self._http.get("/_ministack/health", timeout=2)).status_code == 200
        except httpx.HTTPError:
            return False

    async def has_api(self, api_id: str) -> bool:
        """Whether an HTTP API of that id is deployed."""
        answer = await self._send("GET", f"/v2/apis/{api_id}", credential("apigateway"), b"")
        return answer.status_code == 200

    async def waiting_tasks(self, queue_url: str) -> int:
        """How many messages a worker could take now."""
        body = {"QueueUrl": queue_url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        headers = {
            **credential("sqs"),
            "x-amz-target": "AmazonSQS.GetQueueAttributes",
            "content-type": "application/x-amz-json-1.0",
        }
        answer = await self._send("POST", "/", headers, json.dumps(body).encode())
        if answer.status_code != 200:
            raise EmulatorError(f"queue {queue_url}: {answer.text[:200]}")
        return int(answer.json()["Attributes"]["ApproximateNumberOfMessages"])

    async def function_environment(self, name: str) -> dict[str, str]:
        """The variables of a Lambda."""
        path = f"/2015-03-31/functions/{name}/configuration"
        answer = await self._send("GET", path, credential("lambda"), b"")
        if answer.status_code != 200:
            raise EmulatorError(f"function {name}: {answer.text[:200]}")
        variables: dict[str, str] = answer.json().get("Environment", {}).get("Variables", {})
        return variables

    async def invoke(self, name: str, event: dict[str, Any]) -> None:
        """Start a Lambda and do not wait for it."""
        headers = {**credential("lambda"), "x-amz-invocation-type": "Event"}
        path = f"/2015-03-31/functions/{name}/invocations"
        answer = await self._send("POST", path, headers, json.dumps(event).encode())
        if answer.status_code != 202:
            raise EmulatorError(f"function {name}: {answer.text[:200]}")

    async def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        try:
            return await self._http.request(method, path, headers=headers, content=body)
        except httpx.HTTPError as error:
            raise EmulatorError(f"{type(error).__name__}: {error}") from error
