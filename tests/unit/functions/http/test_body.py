"""Bodies: bounded, and JSON by the letter."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from functions.http.body import check_json, checked
from functions.http.dialect import Limits
from functions.http.errors import BodyTooLarge, MalformedBody

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(values)
def test_all_json_passes(value: Any) -> None:
    check_json(json.dumps(value).encode(), 32)
    check_json(json.dumps(value, ensure_ascii=False).encode("utf-8"), 32)


@given(st.binary(max_size=200))
def test_whatever_it_is_the_answer_is_ours(data: bytes) -> None:
    try:
        check_json(data, 32)
    except MalformedBody:
        return
    assert json.dumps(json.loads(data), ensure_ascii=False).encode()


@pytest.mark.parametrize("depth", [1, 5, 32])
def test_depth_is_counted_in_brackets(depth: int) -> None:
    check_json(b"[" * depth + b"]" * depth, depth)
    check_json(b'{"a":' * depth + b"1" + b"}" * depth, depth)
    for deeper in (b"[" * (depth + 1) + b"]" * (depth + 1), b'{"a":' * (depth + 1) + b"1" + b"}" * (depth + 1)):
        with pytest.raises(MalformedBody, match=f"deeper than the {depth} levels"):
            check_json(deeper, depth)


@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
def test_a_million_brackets_are_refused_not_followed(opened: bytes) -> None:
    with pytest.raises(MalformedBody):
        check_json(opened * 1_000_000, 32)


def test_a_surrogate_pair_is_one_character() -> None:
    check_json(b'"\\ud83c\\udfb5"', 32)
    with pytest.raises(MalformedBody, match="surrogate"):
        check_json(b'{"\\ud83c": 1}', 32)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"tracks": [{"clips": [{"cutEnd": 1}, {"cutEnd": NaN}]}], "a": NaN}', "tracks.0.clips.1.cutEnd"),
        (b'{"a": 1e999}', "a"),
        (b"[1, -Infinity]", "1"),
        (b"NaN", None),
        (b'{"a": NaN, ', None),
        (b'{"a": ' + b"[" * 100_000 + b"NaN", None),
        (b'{"' + b"x" * 5000 + b'": NaN}', "x" * 200),
    ],
)
def test_a_number_that_is_none_is_told_by_its_place(body: bytes, place: str | None) -> None:
    with pytest.raises(MalformedBody, match=r"not valid JSON|nested deeper") as told:
        check_json(body, 32)
    assert told.value.field == place


async def ask(blocks: list[bytes], limit: int, **headers: str) -> tuple[dict[str, Any], list[Message]]:
    messages: list[Message] = [{"type": "http.request", "body": b, "more_body": True} for b in blocks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    messages.append({"type": "http.disconnect"})
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope, again = await checked({"type": "http", "headers": named}, receive, Limits(max_body_bytes=limit))
    return dict(scope), [await again(), await again()]


async def test_a_body_in_blocks_is_handed_on_whole() -> None:
    scope, messages = await ask([b'{"a"', b": 1", b"}"], 8, content_type="text/plain")
    assert messages[0] == {"type": "http.request", "body": b'{"a": 1}', "more_body": False}
    assert messages[1] == {"type": "http.disconnect"}
    assert scope["headers"] == [(b"content-type", b"application/json")]


@pytest.mark.parametrize("length", ["9", "9" * 19, "1", "nonsense", "-1", "٩", "9" * 5000])
async def test_a_body_over_the_limit_whatever_its_length_says(length: str) -> None:
    with pytest.raises(BodyTooLarge):
        await ask([b'"1234', b"567", b'"'], 8, content_length=length)


async def test_a_client_that_goes_away() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(MalformedBody):
        await checked({"type": "http", "headers": []}, receive, Limits())
