import uuid
from concurrent.futures import ThreadPoolExecutor

from patchbay.domain.ids import is_id, new_id


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
