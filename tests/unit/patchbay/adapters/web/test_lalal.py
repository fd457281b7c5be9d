"""LALAL.AI's API through the adapter, against a server on this machine that speaks it."""

import json
import math
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.adapters.web import lalal
from patchbay.adapters.web.client import SafeWeb, WebReply
from patchbay.adapters.web.lalal import LalalAI
from patchbay.domain.errands import REST, FarState, StemsGone
from patchbay.domain.errors import PatchbayError, TaskCancelled, VendorFailed, VendorRefused
from patchbay.ports import AlreadyBegun
from tests.support.lalal import KEY, OTHER_KEY, SHARES, FakeLalal

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
RATE_HZ = 8000
ONCE = str(uuid.UUID(int=7, version=4))
GARBAGE: dict[str, tuple[int, bytes]] = {
    "nothing": (200, b""),
    "no JSON": (200, b"<html>busy</html>"),
    "half a JSON": (200, b'{"id": "x'),
    "a list": (200, b"[1, 2]"),
    "deep": (200, b"[" * 100_000),
    "no UTF-8": (200, b'{"id": "\xff"}'),
    "another document": (200, b'{"hello": "world"}'),
    "numbers": (200, b'{"id": 7, "task_id": 7, "minutes_left": "many", "result": 7}'),
    "not finite": (200, b'{"minutes_left": NaN, "id": null, "task_id": [], "result": {"t": 1}}'),
    "a hostile id": (200, b'{"id": "../../x", "task_id": "a b\\r\\nX: y", "minutes_left": true, "result": []}'),
}


@pytest.fixture
def fake(lalal: FakeLalal) -> FakeLalal:
    return lalal


@pytest.fixture
def vendor(fake: FakeLalal) -> LalalAI:
    return LalalAI(SafeWeb(allow_private=True, timeout_s=5, total_s=10), fake.url, answer_s=5)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "input-0"
    samples = 0.5 * np.sin(np.arange(RATE_HZ) / 9)
    soundfile.write(path, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    return path


def test_the_way_there_and_back(vendor: LalalAI, fake: FakeLalal, song: Path, tmp_path: Path) -> None:
    sent = vendor.upload(KEY, song)
    assert fake.sources[sent.id] == (KEY, song.read_bytes(), "audio.wav")
    assert sent.ends_at > datetime.now(UTC)
    task_id = vendor.begin(KEY, sent.id, ("vocals", "drums", "bass"), ONCE)
    assert (fake.tasks[task_id].stems, fake.tasks[task_id].encoder) == (["vocals", "drum", "bass"], "flac")
    assert vendor.look(KEY, task_id, ("vocals", "drums", "bass")) == FarState("working", 0.1)
    done = vendor.look(KEY, task_id, ("vocals", "drums", "bass"))
    assert (done.state, set(done.tracks)) == ("done", {"vocals", "drums", "bass", REST})
    vendor.fetch(done.tracks["drums"][0], tmp_path / "drums")
    got, want = soundfile.read(tmp_path / "drums")[0], soundfile.read(song)[0] * SHARES["drum"]
    assert np.abs(got - want).max() < 1e-4


def test_a_guitar_is_two_of_theirs(vendor: LalalAI, fake: FakeLalal, song: Path) -> None:
    fake.looks = 0
    task_id = vendor.begin(KEY, vendor.upload(KEY, song).id, ("guitar",), ONCE)
    assert fake.tasks[task_id].stems == ["electric_guitar", "acoustic_guitar"]
    assert len(vendor.look(KEY, task_id, ("guitar",)).tracks["guitar"]) == 2


def test_the_key_goes_in_its_header_and_never_with_a_stem(
    vendor: LalalAI, fake: FakeLalal, song: Path, tmp_path: Path
) -> None:
    fake.looks = 0
    task_id = vendor.begin(KEY, vendor.upload(KEY, song).id, ("vocals",), ONCE)
    vendor.fetch(vendor.look(KEY, task_id, ("vocals",)).tracks[REST][0], tmp_path / "rest")
    for method, path, headers in fake.seen:
        assert (headers.get("x-license-key") == KEY) is (method == "POST")
        assert KEY not in path
    assert KEY not in repr(vendor)


@pytest.mark.parametrize(
    ("head", "ending"),
    [(b"fLaC", "flac"), (b"ID3\x04" + bytes(64), "mp3"), (b"OggS", "ogg"), (b"\0\0\0\x20ftypM4A ", "mp4"),
     (b"\x1a\x45\xdf\xa3", "mkv"), (b"whatever", "bin")],
)  # fmt: skip
def test_a_file_is_called_by_what_it_is(
    vendor: LalalAI, fake: FakeLalal, tmp_path: Path, head: bytes, ending: str
) -> None:
    path = tmp_path / "My secret demo.wav"
    path.write_bytes(head)
    assert fake.sources[vendor.upload(KEY, path).id][2] == f"audio.{ending}"


def test_minutes(vendor: LalalAI, fake: FakeLalal) -> None:
    told = vendor.minutes(KEY)
    assert (told.quota, told.used, told.left) == (120, 45, 75)


def test_minutes_are_not_waited_for_longer_than_a_page_lives(
    vendor: LalalAI, fake: FakeLalal, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    ask = SafeWeb.ask

    def asked(web: SafeWeb, *given: Any, **told: Any) -> Any:
        waited.append(max(web.timeout_s, web.total_s))
        return ask(web, *given, **told)

    monkeypatch.setattr(SafeWeb, "ask", asked)
    LalalAI(replace(vendor.web, timeout_s=120, total_s=3600), fake.url).minutes(KEY)
    assert len(waited) == 2
    assert sum(waited) < 25, "API Gateway gives up after 30 s, and the Lambda has other things to do too"


def test_what_the_older_api_does_not_tell_is_not_made_up(vendor: LalalAI, fake: FakeLalal) -> None:
    fake.knows_limits = False
    told = vendor.minutes(KEY)
    assert (told.quota, told.used, told.left) == (None, None, 75)


@pytest.mark.parametrize("body", [b"<html>gone</html>", b"[]", b'{"status": "success"}'])
def test_an_older_api_that_is_gone_is_done_without(vendor: LalalAI, fake: FakeLalal, body: bytes) -> None:
    fake.plan("/billing/get-limits/", (404, body))
    assert (vendor.minutes(KEY).quota, vendor.minutes(KEY).left) == (None, 75)


def calls(vendor: LalalAI, song: Path) -> dict[str, tuple[str, Callable[[], Any]]]:
    """Name -> path, call."""
    return {
        "minutes": ("limits/minutes_left/", lambda: vendor.minutes(KEY)),
        "upload": ("upload/", lambda: vendor.upload(KEY, song)),
        "begin": ("split/multistem/", lambda: vendor.begin(KEY, "source", ("vocals",), ONCE)),
        "look": ("check/", lambda: vendor.look(KEY, "t", ("vocals",))),
    }


@pytest.mark.parametrize("name", ["minutes", "upload", "begin", "look"])
class TestTrouble:
    @pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
    def test_garbage(self, vendor: LalalAI, fake: FakeLalal, song: Path, name: str, answer: tuple[int, bytes]) -> None:
        path, call = calls(vendor, song)[name]
        fake.plan(path, answer)
        with pytest.raises(VendorFailed, match="cannot be understood"):
            call()

    @pytest.mark.parametrize("status", [301, 408, 429, 500, 502, 503])
    def test_what_may_pass(self, vendor: LalalAI, fake: FakeLalal, song: Path, name: str, status: int) -> None:
        path, call = calls(vendor, song)[name]
        fake.plan(path, (status, b"http://127.0.0.1:1/elsewhere"))
        with pytest.raises(VendorFailed, match=str(status)):
            call()

    def test_a_wrong_media_type(self, vendor: LalalAI, fake: FakeLalal, song: Path, name: str) -> None:
        path, call = calls(vendor, song)[name]
        fake.planned[path] = [(200, b'{"minutes_left": 1, "id": "a", "task_id": "a", "result": {}}', "text/html")]
        with pytest.raises(VendorFailed, match="cannot be understood"):
            call()

    def test_an_endless_answer(self, vendor: LalalAI, fake: FakeLalal, song: Path, name: str) -> None:
        path, call = calls(vendor, song)[name]
        fake.plan(path, (200, b" " * (lalal._MAX_ANSWER_BYTES + 1)))
        with pytest.raises(VendorFailed, match="cannot be understood"):
            call()

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wrong_key_is_told_without_it(
        self, vendor: LalalAI, fake: FakeLalal, song: Path, name: str, status: int
    ) -> None:
        path, call = calls(vendor, song)[name]
        fake.plan(path, (status, {"detail": f"License {KEY} is\r\nunknown"}))
        with pytest.raises(VendorRefused, match="does not take your licence key") as caught:
            call()
        assert KEY not in str(caught.value)
        assert str(caught.value).isprintable()

    @pytest.mark.parametrize(
        ("body", "words"),
        [({"code": "exceeded_duration", "detail": "x"}, "no minutes left"),
         ({"code": "exceeded_size", "detail": "x"}, "larger than"),
         ({"code": "max_duration", "detail": "x"}, "longer than"),
         ({"code": "new_code", "detail": "Not today"}, "refused: Not today"),
         ({"detail": [{"msg": "Field required"}]}, "refused: Field required"),
         ({"detail": {"why": 1}}, "does not say why"), (7, "does not say why")],
    )  # fmt: skip
    def test_refusals(self, vendor: LalalAI, fake: FakeLalal, song: Path, name: str, body: object, words: str) -> None:
        path, call = calls(vendor, song)[name]
        fake.plan(path, (400, json.dumps(body).encode()))
        with pytest.raises(VendorRefused, match=words):
            call()


def test_a_slow_side_is_not_waited_for(fake: FakeLalal, song: Path) -> None:
    fake.stalls.set()
    vendor = LalalAI(SafeWeb(allow_private=True, timeout_s=0.2, total_s=0.5), fake.url)
    with pytest.raises(VendorFailed, match="does not answer"):
        vendor.upload(KEY, song)


def test_nobody_there(song: Path) -> None:
    with pytest.raises(VendorFailed, match="does not answer"):
        LalalAI(SafeWeb(allow_private=True, timeout_s=1), "http://127.0.0.1:1/").minutes(KEY)


def test_their_own_trouble_may_pass(vendor: LalalAI, fake: FakeLalal) -> None:
    fake.plan("split/multistem/", (400, {"code": "internal_error", "detail": "oops"}))
    with pytest.raises(VendorFailed):
        vendor.begin(KEY, "source", ("vocals",), ONCE)


def test_the_same_order_is_begun_once(vendor: LalalAI, fake: FakeLalal, song: Path) -> None:
    source = vendor.upload(KEY, song).id
    vendor.begin(KEY, source, ("vocals",), ONCE)
    with pytest.raises(AlreadyBegun):
        vendor.begin(KEY, source, ("vocals",), ONCE)
    assert len(fake.tasks) == 1


@pytest.mark.parametrize(("state", "reason"), [("error", "Unable to detect vocals"), ("cancelled", "")])
def test_ends_that_are_none(vendor: LalalAI, fake: FakeLalal, song: Path, state: str, reason: str) -> None:
    task_id = vendor.begin(KEY, vendor.upload(KEY, song).id, ("vocals",), ONCE)
    fake.tasks[task_id].state, fake.tasks[task_id].error = state, reason
    told = vendor.look(KEY, task_id, ("vocals",))
    assert (told.state, told.reason) == ({"error": "failed"}.get(state, state), reason)


def test_another_accounts_task_is_unknown(vendor: LalalAI, fake: FakeLalal, song: Path) -> None:
    task_id = vendor.begin(KEY, vendor.upload(KEY, song).id, ("vocals",), ONCE)
    assert vendor.look(OTHER_KEY, task_id, ("vocals",)) == FarState("unknown", reason="Permission denied")


@pytest.mark.parametrize("missing", ["vocals", "no_multistem", "both"])
def test_a_stem_that_is_not_there(vendor: LalalAI, fake: FakeLalal, missing: str) -> None:
    tracks = [
        {"type": kind, "label": label, "url": "https://d.example/x"}
        for kind, label in (("stem", "vocals"), ("back", "no_multistem"))
        if missing not in {label, "both"}
    ]
    told = {"t": {"status": "success", "result": {"duration": 1, "tracks": [*tracks, 7, {"type": "stem"}]}}}
    fake.plan("check/", (200, {"result": told}))
    with pytest.raises(VendorFailed, match="not all stems"):
        vendor.look(KEY, "t", ("vocals",))


def test_cancelling_ends_it_there_and_twice_is_once(vendor: LalalAI, fake: FakeLalal, song: Path) -> None:
    task_id = vendor.begin(KEY, vendor.upload(KEY, song).id, ("vocals",), ONCE)
    other = vendor.begin(KEY, vendor.upload(KEY, song).id, ("vocals",), str(uuid.UUID(int=8, version=4)))
    vendor.cancel(KEY, [task_id, other])
    vendor.cancel(KEY, [task_id])
    assert {task.state for task in fake.tasks.values()} == {"cancelled"}
    assert fake.calls("cancel/") == 2


def test_a_file_that_is_removed_ends_what_is_made_of_it(vendor: LalalAI, fake: FakeLalal, song: Path) -> None:
    source, kept = vendor.upload(KEY, song).id, vendor.upload(KEY, song).id
    task_id = vendor.begin(KEY, source, ("vocals",), ONCE)
    vendor.remove(KEY, source)
    assert fake.tasks[task_id].state == "cancelled"
    assert list(fake.sources) == [kept]


@pytest.mark.parametrize("call", ["cancel", "remove"])
def test_ending_takes_no_longer_than_a_page_waits(vendor: LalalAI, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    waited: list[float] = []

    def asked(web: SafeWeb, *given: Any, **told: Any) -> Any:
        waited.append(max(web.timeout_s, web.total_s))
        return WebReply(200, "application/json", b"{}")

    monkeypatch.setattr(SafeWeb, "ask", asked)
    slow = LalalAI(replace(vendor.web, timeout_s=120, total_s=3600))
    slow.cancel(KEY, ["t"]) if call == "cancel" else slow.remove(KEY, "f")
    assert waited == [10.0]


class TestFetching:
    def test_a_redirect_to_a_private_address_is_not_followed(self, fake: FakeLalal, tmp_path: Path) -> None:
        strict = LalalAI(SafeWeb(timeout_s=2), fake.url)
        for url in (f"{fake.url}d/t/vocals", "http://169.254.169.254/latest", "file:///etc/passwd", "http://a b/"):
            with pytest.raises(VendorFailed, match="could not be fetched"):
                strict.fetch(url, tmp_path / "x")
        assert fake.seen == []

    def test_one_that_is_too_large(
        self, vendor: LalalAI, fake: FakeLalal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lalal, "MAX_STEM_BYTES", 10)
        fake.plan("/d/t/vocals", (200, b"x" * 11))
        with pytest.raises(VendorRefused, match="too large"):
            vendor.fetch(f"{fake.url}d/t/vocals", tmp_path / "x")

    def test_one_that_is_gone(self, vendor: LalalAI, fake: FakeLalal, tmp_path: Path) -> None:
        fake.plan("/d/t/vocals", *((status, b"no") for status in (403, 404, 410)))
        for _ in range(3):
            with pytest.raises(StemsGone, match="does not have the stems any more"):
                vendor.fetch(f"{fake.url}d/t/vocals", tmp_path / "x")

    def test_trouble_that_may_pass(self, vendor: LalalAI, fake: FakeLalal, tmp_path: Path) -> None:
        fake.plan("/d/t/vocals", (503, b"no"))
        with pytest.raises(VendorFailed, match="503"):
            vendor.fetch(f"{fake.url}d/t/vocals", tmp_path / "x")


class TestPatience:
    def test_who_is_told_to_stop_does_not_wait_for_the_other_side(
        self, vendor: LalalAI, fake: FakeLalal, song: Path
    ) -> None:
        fake.stalls.set()
        beats = iter(range(3))

        def beat() -> None:
            if next(beats, None) is None:
                raise TaskCancelled("nobody wants it")

        with pytest.raises(TaskCancelled):
            vendor.upload(KEY, song, beat)
        fake.stalls.clear()
        for thread in threading.enumerate():
            if thread.name == "lalal":
                thread.join(10)
                assert not thread.is_alive()

    def test_what_the_work_raises_is_raised(self, vendor: LalalAI, fake: FakeLalal, song: Path) -> None:
        fake.plan("upload/", (503, b""))
        with pytest.raises(VendorFailed, match="503"):
            vendor.upload(KEY, song, lambda: None)

    def test_a_timeout_of_the_works_own_is_no_turn_of_ours(self) -> None:
        def late(check: object) -> None:
            raise TimeoutError("late")

        with pytest.raises(TimeoutError, match="late"):
            lalal._patiently(late, lambda: None)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.text(max_size=8)
NESTED = PLAIN | st.lists(PLAIN, max_size=4) | st.dictionaries(NAMES, PLAIN, max_size=4)
JSON = NESTED | st.lists(NESTED, max_size=4) | st.dictionaries(NAMES, NESTED, max_size=4)


@settings(max_examples=25)
@given(told=JSON)
def test_no_text_of_theirs_is_long_or_has_the_key_or_breaks_a_line(told: Any) -> None:
    for given_text in (told, {"detail": told}, f"a{KEY}\n{told}", [f"{KEY}{KEY}", told]):
        text = lalal._text(given_text, KEY)
        assert len(text) <= 200
        assert KEY not in text
        assert "\n" not in text


@settings(max_examples=25)
@given(result=JSON)
def test_no_result_of_theirs_gives_anything_but_addresses(result: Any) -> None:
    for told in (result, {"tracks": result}, {"tracks": [{"type": "stem", "label": "vocals", "url": result}]}):
        try:
            tracks = lalal._tracks(told, ("vocals",))
        except PatchbayError:
            continue
        assert all(isinstance(url, str) for urls in tracks.values() for url in urls)


@settings(max_examples=25)
@given(told=JSON)
def test_no_number_of_theirs_is_anything_but_one(told: Any) -> None:
    number = lalal._number(told)
    assert number is None or math.isfinite(number)
    when = lalal._time(told)
    assert when is None or when.tzinfo is UTC
