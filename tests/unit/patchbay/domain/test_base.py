import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain.base import Entity, Part
from patchbay.domain.errors import Unavailable


class Inner(Part):
    name: str = ""


class First(Entity):
    title: str
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = {}


class Third(Entity):
    """Form 1 had `length`, form 2 `length_s`; form 3 has both ends."""

    FORM: ClassVar[int] = 3
    start_s: float
    end_s: float

    @classmethod
    def upgraded(cls, body: dict[str, Any], form: int) -> dict[str, Any]:
        if form == 1:
            length_ms = body.pop("length")
            return {**body, "length_s": length_ms / 1000}
        length_s = body.pop("length_s")
        return {**body, "start_s": 0.0, "end_s": length_s}


newer = st.dictionaries(
    st.from_regex("new_[a-z]{1,5}", fullmatch=True), st.integers() | st.text() | st.lists(st.booleans()), max_size=3
)


@given(newer, newer, newer, newer)
def test_what_a_newer_release_wrote_survives_a_change(
    outer: dict[str, Any], one: dict[str, Any], many: dict[str, Any], named: dict[str, Any]
) -> None:
    body = {"title": "a", "inner": one, "inners": [many, {}], "by_name": {"x": named}, **outer}
    found = First.stored(json.dumps(body), 1)
    changed = found.model_copy(update={"title": "b"})
    assert json.loads(changed.model_dump_json(exclude_defaults=True)) == {**body, "title": "b"} | (
        {} if one else {"inner": {}}
    )


def test_each_form_is_brought_to_this_one() -> None:
    for body, form in (
        ({"length": 1500, "other": 1}, 1),
        ({"length_s": 1.5, "other": 1}, 2),
        ({"start_s": 0.0, "end_s": 1.5, "other": 1}, 3),
    ):
        found = Third.stored(json.dumps(body), form)
        assert (found.start_s, found.end_s, found.model_extra) == (0.0, 1.5, {"other": 1})


def test_a_newer_form_is_left_alone() -> None:
    with pytest.raises(Unavailable, match="newer release"):
        Third.stored("{}", 4)


def test_a_form_without_a_way_to_the_next_is_a_fault_of_ours() -> None:
    class Forgot(Entity):
        FORM: ClassVar[int] = 2

    with pytest.raises(NotImplementedError, match="Forgot has no form after 1"):
        Forgot.stored("{}", 1)
