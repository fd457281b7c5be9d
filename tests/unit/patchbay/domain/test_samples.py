import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain.errors import InvalidInput
from patchbay.domain.samples import (
    MAX_NAME_CHARS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    Sample,
    SampleState,
    tidy_name,
    tidy_tags,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_sample(**given_as: Any) -> Sample:
    return Sample(
        id="1", number=1, tenant_id="ada", asset_id="2", name="Kick", created_at=NOW, updated_at=NOW, **given_as
    )


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("state", SampleState)
def test_others_see_what_is_public_and_was_looked_at(state: SampleState, public: bool) -> None:
    sample = a_sample(state=state, public=public)
    seen = public and state is SampleState.READY
    assert (sample.visible_to("bob"), sample.visible_to(None), sample.visible_to("ada")) == (seen, seen, True)


def test_names_are_tidied() -> None:
    assert tidy_name("  Deep \t House\x00Bass\u202e ") == "Deep House Bass"
    assert tidy_name("Cafe\u0301") == "Café"
    family = "👩\u200d👧"
    assert tidy_name(family) == family, "joined pictures stay joined"


@pytest.mark.parametrize("text", ["", " ", "\x00\x01", "\u200d", "x" * (MAX_NAME_CHARS + 1), " " * 5000 + "x"])
def test_a_name_has_to_be_seen_and_to_end(text: str) -> None:
    with pytest.raises(InvalidInput) as told:
        tidy_name(text, field="title")
    assert told.value.field == "title"


def test_tags_are_tidied_and_each_is_there_once() -> None:
    assert tidy_tags(["#House", "house", " Deep  House ", "808", "# #dub"]) == ("house", "deep house", "808", "dub")
    assert tidy_tags([]) == ()


@pytest.mark.parametrize(
    "tags", [[""], ["#"], ["ok", "\x00"], ["x" * (MAX_TAG_CHARS + 1)], [str(n) for n in range(21)]]
)
def test_tags_that_are_too_many_or_none(tags: list[str]) -> None:
    with pytest.raises(InvalidInput) as told:
        tidy_tags(tags)
    assert told.value.field == "tags"
    assert MAX_TAGS == 20


def _name(text: str) -> str:
    return tidy_name(text)


def _tag(text: str) -> str:
    (tag,) = tidy_tags([text])
    return tag


@given(st.text(), st.sampled_from([_name, _tag]))
def test_what_is_stored_can_be_seen_and_stays_as_it_is(text: str, tidy: Callable[[str], str]) -> None:
    try:
        found = tidy(text)
    except InvalidInput:
        return
    assert tidy(found) == found
    assert found == found.strip()
    assert not {unicodedata.category(c) for c in found} & {"Cc", "Cs", "Co", "Cn"}
    assert found.encode()
