"""The web by way of another Lambda: the same behaviour, with no more than a link in the other's hands."""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.entrypoints import egress as entrypoint
from patchbay import bootstrap
from patchbay.adapters.aws import clients
from patchbay.adapters.aws.egress import _PART_BYTES, FETCHED, FarWeb, invoke, serve
from patchbay.adapters.web.client import SafeWeb
from patchbay.bootstrap import Services
from patchbay.domain.errors import FetchRefused, TooLarge, Unavailable
from patchbay.ports import WebAnswer
from patchbay.settings import Settings
from tests.fakes.objects import BASE, FakeObjects
from tests.fakes.web import FakeWeb

URL = "https://songs.example/a.mp3"


class FarSide(FakeWeb):
    """The web as the other Lambda sees it, and the object store behind links of the right kind."""

    def __init__(self, objects: FakeObjects) -> None:
        super().__init__()
        self.objects, self.store_is_down = objects, False
        self.orders: list[dict[str, Any]] = []

    def fetch(self, url: str, path: Path, *, max_bytes: int) -> None:
        if key := self._key(url, "GET"):
            self.objects.download(key, path)
        else:
            super().fetch(url, path, max_bytes=max_bytes)

    def put(self, url: str, body: Iterable[bytes], *, size_bytes: int, media_type: str) -> None:
        if key := self._key(url, "PUT"):
            self.objects.put(key, b"".join(body), media_type)
        else:
            super().put(url, body, size_bytes=size_bytes, media_type=media_type)

    def _key(self, url: str, method: str) -> str | None:
        if not url.startswith(BASE):
            return None
        if self.store_is_down:
            raise FetchRefused("objects.test answered 503")
        assert parse_qs(urlsplit(url).query)["X-Amz-Method"] == [method]
        return self.objects.key_of(url)


class Both:
    """A near and a far side with nothing but JSON between them."""

    def __init__(self, folder: Path) -> None:
        self.objects = FakeObjects()
        self.far, self.folder = FarSide(self.objects), folder
        self.web = FarWeb(self._call, FakeWeb(), self.objects)

    def _call(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        told = json.loads(json.dumps(order))
        self.far.orders.append(told)
        answer: dict[str, Any] = json.loads(json.dumps(serve(told, self.far, self.folder / "file")))
        return answer


@pytest.fixture
def both(tmp_path: Path) -> Both:
    (tmp_path / "far").mkdir()
    return Both(tmp_path / "far")


def test_a_file_is_fetched_by_way_of_the_bucket(both: Both, tmp_path: Path) -> None:
    both.far.pages[URL] = b"song" * 1000
    both.web.fetch(URL, tmp_path / "here", max_bytes=4000)
    assert (tmp_path / "here").read_bytes() == b"song" * 1000
    assert both.objects.stored == {}, "nothing stays on the way"
    (order,) = both.far.orders
    assert both.objects.key_of(order["to"]).startswith(FETCHED)  # type: ignore[union-attr]


def test_what_was_brought_is_brought_though_its_place_cannot_be_cleared(
    both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(key: str) -> None:
        raise Unavailable("the object store is busy; try again")

    monkeypatch.setattr(both.objects, "delete", away)
    both.far.pages[URL] = b"song"
    both.web.fetch(URL, tmp_path / "here", max_bytes=4)
    assert (tmp_path / "here").read_bytes() == b"song"


@pytest.mark.parametrize(
    ("page", "error", "told"),
    [(None, FetchRefused, "answered 404"), (b"x" * 4001, TooLarge, "4000 bytes")],
)
def test_what_the_far_side_refuses_is_refused_here(
    both: Both, tmp_path: Path, page: bytes | None, error: type[Exception], told: str
) -> None:
    if page is not None:
        both.far.pages[URL] = page
    with pytest.raises(error, match=told):
        both.web.fetch(URL, tmp_path / "here", max_bytes=4000)
    assert both.objects.stored == {}


@pytest.mark.parametrize(("stored", "error"), [(b"x" * 11, TooLarge), (None, Unavailable)])
def test_a_far_side_that_lies_is_measured(tmp_path: Path, stored: bytes | None, error: type[Exception]) -> None:
    """Who took it over holds one link: he can put anything there, or nothing."""
    objects = FakeObjects()

    def call(order: Mapping[str, Any]) -> Mapping[str, Any]:
        if stored is not None:
            objects.put(str(objects.key_of(order["to"])), stored)
        return {}

    with pytest.raises(error):
        FarWeb(call, FakeWeb(), objects).fetch(URL, tmp_path / "here", max_bytes=10)
    assert objects.stored == {}
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("size", [0, 1, _PART_BYTES, 2 * _PART_BYTES + 1])
def test_a_result_of_any_size_is_sent(both: Both, size: int) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    blocks = (data[at : at + 1024**2] for at in range(0, size, 1024**2))
    both.web.put(URL, blocks, size_bytes=size, media_type="audio/wav")
    assert both.far.taken == {URL: data}
    assert both.objects.stored == {}
    assert both.objects.uploads == {}


def test_a_receiver_that_refuses_a_result_is_told_of(both: Both) -> None:
    both.far.refusing.add("songs.example")
    with pytest.raises(FetchRefused, match="answered 500"):
        both.web.put(URL, [b"data"], size_bytes=4, media_type="audio/wav")
    assert both.objects.stored == {}


def test_a_result_that_breaks_off_leaves_nothing(both: Both) -> None:
    def broken() -> Iterable[bytes]:
        yield b"x" * (_PART_BYTES + 1)
        raise Unavailable("gone")

    with pytest.raises(Unavailable):
        both.web.put(URL, broken(), size_bytes=1, media_type="audio/wav")
    assert (both.objects.stored, both.objects.uploads, both.far.orders) == ({}, {}, [])


def test_our_own_store_is_no_fault_of_the_address(both: Both, tmp_path: Path) -> None:
    """A file that could not be stored is fetched again; rejected it would be for good."""
    both.far.pages[URL] = b"song"
    both.far.store_is_down = True
    with pytest.raises(Unavailable):
        both.web.fetch(URL, tmp_path / "here", max_bytes=10)
    with pytest.raises(Unavailable):
        both.web.put(URL, [b"data"], size_bytes=4, media_type="audio/wav")


def test_a_notice_is_posted_with_its_bytes_and_headers(both: Both) -> None:
    both.far.receivers[URL] = [WebAnswer(429, "7")]
    body, headers = bytes(range(256)), {"webhook-signature": "v1,x"}
    assert both.web.post(URL, body, headers, timeout_s=15.0) == WebAnswer(429, "7")
    assert both.far.posts == [(URL, body, headers)]
    both.far.receivers[URL] = ["no answer"]
    with pytest.raises(FetchRefused, match="no answer"):
        both.web.post(URL, body, headers, timeout_s=15.0)


def test_an_address_that_is_never_called_is_not_even_passed_on(both: Both, tmp_path: Path) -> None:
    bad = "http://169.254.169.254/latest"
    calls: list[Callable[[], object]] = [
        lambda: both.web.check(bad),
        lambda: both.web.fetch(bad, tmp_path / "x", max_bytes=1),
        lambda: both.web.put(bad, [], size_bytes=0, media_type="x"),
        lambda: both.web.post(bad, b"", {}, timeout_s=1),
    ]
    for call in calls:
        with pytest.raises(FetchRefused):
            call()
    assert both.far.orders == []


def test_an_order_that_makes_no_sense_is_an_error(both: Both) -> None:
    with pytest.raises(ValueError, match="no such verb"):
        serve({"verb": "read the table"}, both.far, both.folder / "file")


class FakeLambda:
    def __init__(self, payload: bytes, error: str | None = None) -> None:
        self.payload, self.error = payload, error
        self.asked: list[dict[str, Any]] = []

    def invoke(self, **told: Any) -> dict[str, Any]:
        self.asked.append(told)
        more = {"FunctionError": self.error} if self.error else {}
        return {"Payload": io.BytesIO(self.payload), **more}


def test_the_lambda_is_called_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made = FakeLambda(b'{"status": 200}')
    monkeypatch.setattr(clients, "waiting_client", lambda service: {"lambda": made}[service])
    assert invoke("egress")({"verb": "post"}) == {"status": 200}
    assert made.asked == [{"FunctionName": "egress", "Payload": b'{"verb": "post"}'}]


@pytest.mark.parametrize(
    ("payload", "error"),
    [(b'{"errorMessage": "Task timed out"}', "Unhandled"), (b"", None), (b"[]", None), (b"no", None)],
)
def test_a_lambda_that_failed_is_asked_again_later(
    monkeypatch: pytest.MonkeyPatch, payload: bytes, error: str | None
) -> None:
    monkeypatch.setattr(clients, "waiting_client", lambda _: FakeLambda(payload, error))
    with pytest.raises(Unavailable):
        invoke("egress")({})


def test_a_call_is_waited_for_and_made_once() -> None:
    config = clients.waiting_client("lambda").meta.config
    assert config.read_timeout >= 900
    assert config.retries["total_max_attempts"] == 1
    assert config.tcp_keepalive


def test_a_process_calls_by_the_lambda_it_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(Services(Settings()).web, SafeWeb)
    far = Services(Settings(egress_function="egress", media_bucket="media")).web
    assert isinstance(far, FarWeb)
    assert isinstance(far.near, SafeWeb)
    assert far.near.allow_private is False


def test_the_entry_point_calls_by_itself_whatever_its_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(Settings(egress_function="itself", media_bucket="media"))
    monkeypatch.setattr(bootstrap, "services", lambda: services)
    answer = entrypoint.handler({"verb": "fetch", "url": "http://127.0.0.1/", "to": "x", "max_bytes": 1}, None)
    assert "not public" in answer["refused"]
