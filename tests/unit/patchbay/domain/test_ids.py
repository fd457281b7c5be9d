import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain.ids import derived_id, is_id, new_id


def test_ids_are_version_7_and_sort_by_creation() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.UUID(text).version for text in made[:100]} == {7}
    assert {uuid.UUID(text).variant for text in made[:100]} == {uuid.RFC_4122}


def test_ids_of_several_threads_differ() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [text for block in pool.map(lambda _: [new_id() for _ in range(2000)], range(8)) for text in block]
    assert len(set(made)) == len(made)


def test_is_id() -> None:
    assert is_id(new_id())
    for text in ("", "x", new_id().upper(), new_id() + "0", "../" + new_id(), new_id().replace("-", "")):
        assert not is_id(text)


@given(
    ms=st.integers(0, 2**43),
    names=st.lists(st.text(max_size=20), min_size=1, max_size=3),
)
def test_derived_ids_are_version_7_with_their_time(ms: int, names: list[str]) -> None:
    when = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)
    made = uuid.UUID(derived_id(when, *names))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == ms
    assert derived_id(when, *names) == str(made)
    assert is_id(str(made))


def test_derived_ids_tell_names_apart_and_sort_by_time() -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    named = [("a",), ("a", ""), ("", "a"), ("a", "b"), ("ab",), ("b", "a")]
    assert len({derived_id(when, *names) for names in named}) == len(named)
    later = when + timedelta(milliseconds=1)
    assert max(derived_id(when, *names) for names in named) < min(derived_id(later, *names) for names in named)
