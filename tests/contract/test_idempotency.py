"""`Idempotency-Key` on every POST of every dialect: done once, answered the same, and told in the dialect's own words.

Dialects and routes are found in the code. A POST that needs no id in its path wants a line in `REQUESTS`.
"""

import asyncio
import importlib
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.datastructures import Headers

from functions.http.dialect import Dialect
from functions.http.handler import lambda_handler
from patchbay.catalog.dialects import DIALECTS
from patchbay.core.idempotency import FIELD, IdempotencyMismatch
from patchbay.domain.errors import Conflict, InvalidInput, PatchbayError, Unavailable
from tests.fakes.gateway import REQUEST_ID, Answer, Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample

URL = "https://example.com/a.wav"
NO_ID = "0198c0de-0000-7000-8000-000000000000"
KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"
REPLAYED = "idempotent-replayed"


@dataclass(frozen=True)
class Ask:
    """A request that can be done, and another one that differs from it."""

    body: dict[str, Any]
    other: dict[str, Any]
    makes: bool = True
    """Whether it makes something, written in one transaction with the key."""
    anew: bool = True
    """Whether another request makes another thing."""


JOB = {"name": "n", "workflow": "stem-isolation-4", "params": {"inputUrl": URL}}
NATIVE_JOB = {"workflow": "stem-isolation-4", "input": {"url": URL}}
SHAKE_JOB = {"metadata": {"name": "vocals", "format": "wav"}, "callbackUrl": "https://r.example/"}
TRACK = {"genre": "indie", "duration_ms": 60000, "sections": [{"emotion": "happy", "start": 0, "length": 60000}]}
TARGETS = [{"model": "vocals", "formats": ["wav"]}]
PROJECT = {"name": "a", "tempo": 120, "tracks": []}
WORDS = {"modelId": 101, "inputs": {"prompt": "calm pop"}}
SONG = "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"
WISH = {"licenceId": 3, "contentType": "sample"}
REQUESTS: dict[tuple[str, str], Ask] = {
    ("musicai", "/job"): Ask(JOB, {**JOB, "name": "m"}),
    ("twoshot", "/sample/upload"): Ask({"name": "a"}, {"name": "b"}),
    ("twoshot", "/sample/folder"): Ask({"name": "a"}, {"name": "b"}),
    ("twoshot", "/user/picture/upload"): Ask({"sizeBytes": 5}, {"sizeBytes": 6}, makes=False),
    ("twoshot", "/licence/apply"): Ask(WISH, {**WISH, "contentType": "audio"}, makes=False, anew=False),
    ("twoshot", "/project"): Ask(PROJECT, {**PROJECT, "name": "b"}),
    ("twoshot", "/generation"): Ask(WORDS, {**WORDS, "inputs": {"prompt": "sad pop"}}),
    ("twoshot", "/video"): Ask({"name": "a"}, {"name": "b"}),
    ("soundforge", "/api/tracks"): Ask({"title": "a"}, {"title": "b"}),
    ("soundforge", "/api/download/track"): Ask({"url": SONG, "audio_url": URL}, {"url": SONG, "audio_url": URL + "?b"}),
    ("native", "/patchbay/v1/jobs"): Ask(NATIVE_JOB, {**NATIVE_JOB, "name": "m"}),
    ("native", "/patchbay/v1/uploads"): Ask({"name": "a"}, {"name": "b"}),
    ("native", "/patchbay/v1/assets"): Ask({"source_url": URL}, {"source_url": URL + "?b"}),
    ("native", "/patchbay/v1/webhooks"): Ask({"url": URL}, {"url": URL + "?b"}),
    ("native", "/patchbay/v1/webhook-secret/rotate"): Ask({}, {"x": 1}, makes=False),
    ("native", "/patchbay/v1/applications"): Ask({"name": "a"}, {"name": "b"}),
    ("native", "/patchbay/v1/keys"): Ask({"name": "a"}, {"name": "b"}),
    ("beatoven", "/api/v2/tracks"): Ask({"prompt": "calm pop"}, {"prompt": "sad pop"}),
    ("beatoven", "/api/v1/tracks"): Ask(TRACK, {**TRACK, "genre": "pop"}),
    ("beatoven", "/api/v1/tracks/compose"): Ask({"prompt": {"text": "calm pop"}}, {"prompt": {"text": "sad pop"}}),
    ("audioshake", "/upload/link"): Ask({"link": URL}, {"link": URL + "?b"}),
    ("audioshake", "/upload/audio-link"): Ask({"link": URL}, {"link": URL + "?b"}),
    ("audioshake", "/job"): Ask(SHAKE_JOB, {**SHAKE_JOB, "metadata": {"name": "drums", "format": "wav"}}),
    ("audioshake", "/tasks"): Ask({"url": URL, "targets": TARGETS}, {"url": URL + "?b", "targets": TARGETS}),
}

ELSEWHERE = {
    ("twoshot", "/project/render"),
    ("soundforge", "/api/spotify/fetch"),
    ("soundforge", "/api/processing/separate"),
    ("soundforge", "/api/analysis/analyze"),
    ("soundforge", "/api/daw/export"),
    ("soundforge", "/api/lalalai/cancel"),
    ("soundforge", "/api/lalalai/cancel-all"),
}
"""Those that need something to be there already: their dialects' own tests repeat them."""


def dialects() -> dict[str, Dialect]:
    return {d.name: importlib.import_module(f"functions.dialects.{d.name}.routes").DIALECT for d in DIALECTS}


def posts() -> list[tuple[str, str]]:
    """(dialect, path) of every POST that needs a key and whose body is not a stream."""
    return [
        (name, route.path)  # type: ignore[attr-defined]
        for name, dialect in dialects().items()
        for route in dialect.router.routes
        if "POST" in route.methods and route.path not in dialect.public | dialect.streamed  # type: ignore[attr-defined]
    ]


MAKING = sorted(set(posts()) & set(REQUESTS))
KEPT = [(name, path) for name, path in MAKING if path not in dialects()[name].secret]
ANEW = [post for post in KEPT if REQUESTS[post].anew]
every_post = pytest.mark.parametrize(("name", "path"), posts())
every_kept = pytest.mark.parametrize(("name", "path"), KEPT)


def test_every_post_without_an_id_has_a_request_here() -> None:
    assert {(name, path) for name, path in posts() if "{" not in path} == set(REQUESTS) | ELSEWHERE - set(STREAMED)


def api_of(name: str, tenant: Tenant) -> Api:
    """A client of a dialect, its key where the dialect looks for it."""
    dialect = dialects()[name]
    places = (
        {"authorization": f"Bearer {tenant.secret}"},
        {"authorization": tenant.secret},
        {"x-api-key": tenant.secret},
    )
    place = next(headers for headers in places if dialect.find_key(Headers(headers)) == tenant.secret)

    class Keyed(Api):
        def call(self, method: str, path: str, **given: Any) -> Answer:
            given["headers"] = {**place, **(given.get("headers") or {})}
            return super().call(method, dialect.bases[0] + path, **given)

    return Keyed(lambda_handler(dialect))


def ask(name: str, path: str, world: World, tenant: Tenant) -> tuple[Api, dict[str, Any], dict[str, Any]]:
    """A client, a body that can be done and another."""
    request = REQUESTS[name, path]
    more = {"assetId": world.upload(tenant).id} if (name, path) == ("audioshake", "/job") else {}
    if path == "/licence/apply":
        more = {"contentId": library_sample(world, tenant, licence_id=WISH["licenceId"]).asset_id}
    return api_of(name, tenant), {**request.body, **more}, {**request.other, **more}


def fine(answer: Answer, *, replayed: bool) -> Answer:
    assert 200 <= answer.status < 300, answer.text
    assert answer.headers.get(REPLAYED) == ("true" if replayed else None)
    return answer


def told(name: str, answer: Answer, status: int) -> str:
    """Check that an error has the dialect's own form; returns its text."""
    dialect = dialects()[name]
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == dialect.error_media_type
    dialect.error_model.model_validate(answer.json())
    assert REPLAYED not in answer.headers
    return answer.text


def status_of(name: str, kind: type[PatchbayError]) -> int:
    """The status that a dialect's table has for an error."""
    return dialects()[name].problem(kind(""), "").status


def kinds(world: World) -> Counter[str]:
    return Counter(stored.kind for stored in world.records.items.values())


@every_kept
def test_a_repetition_is_answered_with_the_same_bytes(
    world: World, ada: Tenant, loop: None, name: str, path: str
) -> None:
    api, body, _ = ask(name, path, world, ada)
    first = fine(api.post(path, body, idempotency_key=KEY), replayed=False)
    before = dict(world.records.items)
    for _ in range(2):
        again = fine(api.post(path, body, idempotency_key=KEY), replayed=True)
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers["x-request-id"] == REQUEST_ID
    assert world.records.items == before


@pytest.mark.parametrize(("name", "path"), ANEW)
def test_another_key_or_none_is_another_request(world: World, ada: Tenant, loop: None, name: str, path: str) -> None:
    api, body, _ = ask(name, path, world, ada)
    first = fine(api.post(path, body, idempotency_key=KEY), replayed=False)
    for headers in ({"idempotency_key": KEY + "2"}, {}, {}):
        assert fine(api.post(path, body, **headers), replayed=False).body != first.body


@pytest.mark.parametrize(("name", "path"), MAKING)
def test_the_key_of_another_body_is_a_conflict(world: World, ada: Tenant, loop: None, name: str, path: str) -> None:
    api, body, other = ask(name, path, world, ada)
    fine(api.post(path, body, idempotency_key=KEY), replayed=False)
    before = dict(world.records.items)
    assert FIELD in told(name, api.post(path, other, idempotency_key=KEY), status_of(name, IdempotencyMismatch))
    assert world.records.items == before


@every_kept
def test_tenants_keys_are_their_own(world: World, ada: Tenant, bob: Tenant, loop: None, name: str, path: str) -> None:
    api, body, _ = ask(name, path, world, ada)
    first = fine(api.post(path, body, idempotency_key=KEY), replayed=False)
    theirs, same, other = ask(name, path, world, bob)
    assert fine(theirs.post(path, other, idempotency_key=KEY), replayed=False).body != first.body
    told(name, theirs.post(path, same, idempotency_key=KEY), status_of(name, IdempotencyMismatch))


@pytest.mark.parametrize(("name", "path"), ANEW)
def test_after_a_day_a_key_is_free(world: World, ada: Tenant, loop: None, name: str, path: str) -> None:
    api, body, other = ask(name, path, world, ada)
    first = fine(api.post(path, body, idempotency_key=KEY), replayed=False)
    world.clock.advance(hours=24, seconds=-1)
    fine(api.post(path, body, idempotency_key=KEY), replayed=True)
    world.clock.advance(seconds=1)
    second = fine(api.post(path, other, idempotency_key=KEY), replayed=False)
    assert second.body != first.body
    assert fine(api.post(path, other, idempotency_key=KEY), replayed=True).body == second.body


@pytest.mark.parametrize(("name", "path"), [post for post in MAKING if REQUESTS[post].makes])
def test_two_at_the_same_moment_make_one(world: World, ada: Tenant, loop: None, name: str, path: str) -> None:
    """The second arrives between the first one's look at the key and its write."""
    api, body, _ = ask(name, path, world, ada)
    fine(api.post(path, body, idempotency_key="first"), replayed=False)  # what a user's first request makes besides
    empty = kinds(world)
    fine(api.post(path, body, idempotency_key="alone"), replayed=False)
    once = kinds(world) - empty
    both: list[Answer] = []

    def rival(_: object) -> None:
        thread = threading.Thread(
            target=_in_a_loop, args=(lambda: both.append(api.post(path, body, idempotency_key=KEY)),)
        )
        thread.start()
        thread.join()

    before = kinds(world)
    world.records.before_write = rival
    both.append(api.post(path, body, idempotency_key=KEY))
    assert kinds(world) - before == once
    assert 200 <= both[0].status < 300, both[0].text
    if path in dialects()[name].secret:
        told(name, both[1], status_of(name, Conflict))
    else:
        assert _without_links(both[1]) == _without_links(both[0])


@pytest.mark.parametrize(("name", "path"), [post for post in MAKING if REQUESTS[post].makes])
def test_what_was_made_is_found_again_though_the_answer_was_not_kept(
    world: World, ada: Tenant, loop: None, monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    """The process died between its write and its answer."""
    api, body, _ = ask(name, path, world, ada)
    with monkeypatch.context() as patched:
        patched.setattr(type(world.services.idempotency), "keep", lambda *_: None)
        first = fine(api.post(path, body, idempotency_key=KEY), replayed=False)
    before = kinds(world)
    again = api.post(path, body, idempotency_key=KEY)
    assert kinds(world) == before
    if path in dialects()[name].secret:
        told(name, again, status_of(name, Conflict))
    else:
        assert _without_links(again) == _without_links(first)


@pytest.mark.parametrize(("name", "path"), [post for post in MAKING if post not in KEPT])
def test_an_answer_that_holds_a_secret_is_nowhere(world: World, ada: Tenant, loop: None, name: str, path: str) -> None:
    api, body, _ = ask(name, path, world, ada)
    secret = fine(api.post(path, body, idempotency_key=KEY), replayed=False).json()["secret"]
    assert not [stored for stored in world.records.items.values() if secret in stored.body]
    told(name, api.post(path, body, idempotency_key=KEY), status_of(name, Conflict))


@every_post
@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ"])
def test_a_key_of_a_wrong_form_is_named(world: World, ada: Tenant, loop: None, name: str, path: str, key: str) -> None:
    answer = api_of(name, ada).post(_with_ids(path), {}, idempotency_key=key)
    assert FIELD in told(name, answer, status_of(name, InvalidInput)) or "idempotency key" in answer.text


TAKES_NOTHING = {("soundforge", "/api/lalalai/cancel-all")}
"""Posts without a body, of which there is nothing to refuse."""


@pytest.mark.parametrize(
    ("name", "path"),
    [post for post in posts() if post not in TAKES_NOTHING and (post not in REQUESTS or REQUESTS[post].makes)],
)
def test_what_was_refused_is_looked_at_anew(world: World, ada: Tenant, loop: None, name: str, path: str) -> None:
    api, before = api_of(name, ada), kinds(world)
    for _ in range(2):
        answer = api.post(_with_ids(path), {"no_such_field": 1}, idempotency_key=KEY)
        told(name, answer, answer.status)
    assert kinds(world) == before


@every_kept
def test_a_key_that_was_refused_can_be_used_for_the_mended_request(
    world: World, ada: Tenant, loop: None, name: str, path: str
) -> None:
    api, body, _ = ask(name, path, world, ada)
    world.records.down = True
    assert api.post(path, body, idempotency_key=KEY).status == status_of(name, Unavailable)
    world.records.down = False
    api.post(path, {"no_such_field": 1}, idempotency_key=KEY + "2")
    for key in (KEY, KEY + "3"):
        fine(api.post(path, body, idempotency_key=key), replayed=False)


STREAMED = [
    (name, route.path)  # type: ignore[attr-defined]
    for name, dialect in dialects().items()
    for route in dialect.router.routes
    if "POST" in route.methods  # type: ignore[attr-defined]
    and route.path in dialect.streamed  # type: ignore[attr-defined]
    and not route.path.startswith(("/users/", "/auth/spotify"))  # type: ignore[attr-defined]
]


def _form(api: Api, path: str, data: bytes) -> Answer:
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + data + b"\r\n--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b", "idempotency-key": KEY}
    return api.call("POST", path, headers=headers, body=form)


@pytest.mark.parametrize(("name", "path"), sorted(set(STREAMED) - ELSEWHERE))
def test_a_file_that_comes_again_is_answered_with_the_same_bytes(
    world: World, ada: Tenant, bob: Tenant, loop: None, name: str, path: str
) -> None:
    api = api_of(name, ada)
    first = fine(_form(api, path, GOOD), replayed=False)
    before, stored = dict(world.records.items), dict(world.objects.stored)
    again = fine(_form(api, path, GOOD), replayed=True)
    assert (again.status, again.body) == (first.status, first.body)
    assert FIELD in told(name, _form(api, path, b"another"), status_of(name, IdempotencyMismatch))
    assert (world.records.items, world.objects.stored) == (before, stored)
    assert fine(_form(api_of(name, bob), path, GOOD), replayed=False).body != first.body
    world.clock.advance(hours=24)
    assert fine(_form(api, path, GOOD), replayed=False).body != first.body


def _in_a_loop(what: Any) -> None:
    made = asyncio.new_event_loop()
    asyncio.set_event_loop(made)
    what()
    made.close()


def _without_links(answer: Answer) -> tuple[int, str]:
    """An answer but for the signatures of its links, which are made anew."""
    return answer.status, re.sub(r"X-Amz[^\"]*", "", answer.text)


def _with_ids(path: str) -> str:
    return re.sub(r"\{[^}]*\}", NO_ID, path)
