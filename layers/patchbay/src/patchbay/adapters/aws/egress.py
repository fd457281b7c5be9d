"""The web port by way of a Lambda that has no rights: it calls the addresses of users, and this process does not.

Files go through the bucket: the Lambda gets a signed link to one object, and nothing else.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchbay.adapters.aws import clients
from patchbay.domain.errors import FetchRefused, TooLarge, Unavailable
from patchbay.domain.ids import new_id
from patchbay.ports import Objects, Web, WebAnswer

FETCHED = "incoming/fetched/"
LINK_S = 900
"""How long a link lives: longer than any call of the Lambda's."""
_PART_BYTES = 16 * 1024**2
_MEDIA_TYPE = "application/octet-stream"
Call = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class FarWeb:
    """Asks `call` for what `near` would do itself."""

    call: Call
    near: Web
    """Knows which forms of addresses are never called; it is asked for nothing else."""
    objects: Objects

    def check(self, url: str) -> None:
        """See `Web`."""
        self.near.check(url)

    def fetch(self, url: str, path: Path, *, max_bytes: int) -> None:
        """See `Web`. What came is measured here: who held the link may have stored anything."""
        self.check(url)
        with self._place() as key:
            link = self.objects.presign_put(key, expires_s=LINK_S)
            self._ask({"verb": "fetch", "url": url, "to": link, "max_bytes": max_bytes})
            stored = self.objects.stat(key)
            if stored is None:
                raise Unavailable("what was fetched did not arrive; try again")
            if stored.size_bytes > max_bytes:
                raise TooLarge(f"the file at the URL is larger than {max_bytes} bytes")
            self.objects.download(key, path)

    def put(self, url: str, body: Iterable[bytes], *, size_bytes: int, media_type: str) -> None:
        """See `Web`."""
        self.check(url)
        with self._place() as key:
            self._store(key, body)
            link = self.objects.presign_get(key, expires_s=LINK_S)
            self._ask({"verb": "put", "url": url, "from": link, "size_bytes": size_bytes, "media_type": media_type})

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> WebAnswer:
        """See `Web`."""
        self.check(url)
        told = {"url": url, "body": base64.b64encode(body).decode(), "headers": dict(headers), "timeout_s": timeout_s}
        answer = self._ask({"verb": "post", **told})
        return WebAnswer(int(answer["status"]), answer.get("retry_after"))

    def _ask(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """Have it called. Raises what the call raised."""
        answer = self.call(order)
        if "refused" in answer:
            raise FetchRefused(str(answer["refused"]))
        if "too_large" in answer:
            raise TooLarge(str(answer["too_large"]))
        return answer

    @contextmanager
    def _place(self) -> Iterator[str]:
        """A key that nobody else has, and that holds nothing afterwards.

        What cannot be removed now the bucket drops by itself; what was done is not done again for that.
        """
        key = f"{FETCHED}{new_id()}"
        try:
            yield key
        finally:
            with suppress(Unavailable):
                self.objects.delete(key)

    def _store(self, key: str, body: Iterable[bytes]) -> None:
        """Keep what is to be sent, part by part: it may be larger than this process's memory, or its disk."""
        upload_id, etags, waiting = self.objects.start_multipart(key), dict[int, str](), bytearray()
        try:
            for block in body:
                waiting += block
                if len(waiting) >= _PART_BYTES:
                    number = len(etags) + 1
                    etags[number] = self.objects.put_part(key, upload_id, number, bytes(waiting))
                    waiting.clear()
            if waiting or not etags:
                number = len(etags) + 1
                etags[number] = self.objects.put_part(key, upload_id, number, bytes(waiting))
            self.objects.complete_multipart(key, upload_id, etags)
        except BaseException:
            self.objects.abort_multipart(key, upload_id)
            raise


def invoke(function: str) -> Call:
    """Call a Lambda and wait, for as long as it may take. Raises `Unavailable` where it failed itself."""

    def call(order: Mapping[str, Any]) -> Mapping[str, Any]:
        with clients.errors("what calls addresses"):
            answer = clients.waiting_client("lambda").invoke(FunctionName=function, Payload=json.dumps(order).encode())
            payload = answer["Payload"].read()
        try:
            told = json.loads(payload)
        except ValueError:
            told = None
        if answer.get("FunctionError") or not isinstance(told, dict):
            raise Unavailable("what calls addresses failed; try again")
        return told

    return call


def serve(order: Mapping[str, Any], web: Web, path: Path) -> dict[str, Any]:
    """The other side: carry an order out, with `path` for a file on its way. What is refused is told, not raised."""
    try:
        match order["verb"]:
            case "fetch":
                web.fetch(order["url"], path, max_bytes=order["max_bytes"])
                with _our_store():
                    _send(web, path, order["to"], _MEDIA_TYPE)
            case "put":
                with _our_store():
                    web.fetch(order["from"], path, max_bytes=order["size_bytes"])
                _send(web, path, order["url"], order["media_type"])
            case "post":
                body, timeout_s = base64.b64decode(order["body"]), order["timeout_s"]
                answer = web.post(order["url"], body, order["headers"], timeout_s=timeout_s)
                return {"status": answer.status, "retry_after": answer.retry_after}
            case verb:
                raise ValueError(f"no such verb: {verb}")
    except FetchRefused as error:
        return {"refused": str(error)}
    except TooLarge as error:
        return {"too_large": str(error)}
    return {}


@contextmanager
def _our_store() -> Iterator[None]:
    """What our own store refuses is no fault of the address that was given, and may go well the next time."""
    try:
        yield
    except (FetchRefused, TooLarge) as error:
        raise Unavailable(f"the object store did not take part: {error}") from None


def _send(web: Web, path: Path, url: str, media_type: str) -> None:
    with path.open("rb") as file:
        blocks = iter(lambda: file.read(1024**2), b"")
        web.put(url, blocks, size_bytes=path.stat().st_size, media_type=media_type)
