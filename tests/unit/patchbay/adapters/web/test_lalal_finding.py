"""Tasks of a file, found where the answer to an order was lost."""

import uuid
from pathlib import Path

import pytest

from patchbay.adapters.web.client import SafeWeb
from patchbay.adapters.web.lalal import LalalAI
from patchbay.domain.errors import VendorFailed
from tests.support import elsewhere
from tests.support.lalal import KEY, OLDER_CHECK, OTHER_KEY, FakeLalal
from tests.unit.patchbay.adapters.web.test_lalal import GARBAGE, ONCE

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
STEMS = ("vocals", "drums")


@pytest.fixture
def vendor(lalal: FakeLalal) -> LalalAI:
    return LalalAI(SafeWeb(allow_private=True, timeout_s=5, total_s=10), lalal.url, answer_s=5)


@pytest.fixture
def begun(vendor: LalalAI, tmp_path: Path) -> tuple[str, str]:
    """(file, task)."""
    song = tmp_path / "song"
    song.write_bytes(elsewhere.wav(0.3))
    source = vendor.upload(KEY, song).id
    return source, vendor.begin(KEY, source, STEMS, ONCE)


@pytest.mark.parametrize("state", ["progress", "success"])
def test_what_was_begun_of_a_file(vendor: LalalAI, lalal: FakeLalal, begun: tuple[str, str], state: str) -> None:
    lalal.tasks[begun[1]].state = state
    assert vendor.find(KEY, begun[0], STEMS) == begun[1]
    assert all(KEY not in path for _, path, _ in lalal.seen)


@pytest.mark.parametrize("state", ["cancelled", "error"])
def test_not_what_came_to_nothing(vendor: LalalAI, lalal: FakeLalal, begun: tuple[str, str], state: str) -> None:
    lalal.tasks[begun[1]].state = state
    assert vendor.find(KEY, begun[0], STEMS) is None


def test_not_what_takes_other_stems_out_or_is_of_another_file_or_account(
    vendor: LalalAI, lalal: FakeLalal, begun: tuple[str, str]
) -> None:
    assert vendor.find(KEY, begun[0], ("vocals",)) is None
    assert vendor.find(OTHER_KEY, begun[0], STEMS) is None
    told = {"result": {"other": {"task": {"id": [begun[1]]}}}}
    lalal.plan(OLDER_CHECK, (200, told))
    assert vendor.find(KEY, "other", STEMS) is None


def test_of_several_the_one_that_was_asked_for(vendor: LalalAI, lalal: FakeLalal, begun: tuple[str, str]) -> None:
    other = vendor.begin(KEY, begun[0], ("vocals",), str(uuid.UUID(int=9, version=4)))
    assert vendor.find(KEY, begun[0], STEMS) == begun[1]
    assert vendor.find(KEY, begun[0], ("vocals",)) == other


@pytest.mark.parametrize("status", [200, 403, 404, 410])
@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
def test_an_older_api_that_is_gone_finds_nothing(
    vendor: LalalAI, lalal: FakeLalal, begun: tuple[str, str], status: int, answer: tuple[int, bytes]
) -> None:
    lalal.plan(OLDER_CHECK, (status, answer[1]))
    assert vendor.find(KEY, begun[0], STEMS) is None


@pytest.mark.parametrize("path", [OLDER_CHECK, "check/"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_that_is_busy_is_asked_again(
    vendor: LalalAI, lalal: FakeLalal, begun: tuple[str, str], path: str, status: int
) -> None:
    lalal.plan(path, (status, b""))
    with pytest.raises(VendorFailed, match=str(status)):
        vendor.find(KEY, begun[0], STEMS)
    assert vendor.find(KEY, begun[0], STEMS) == begun[1]
