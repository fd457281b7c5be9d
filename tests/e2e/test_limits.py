"""Counts of requests on the twin's own table: exact, however many come at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import Live

pytestmark = pytest.mark.twin
AT_ONCE, EACH = 8, 5


def test_no_request_is_counted_twice_or_not_at_all(live: Live) -> None:
    key = live.new_key("counted@example.org")

    def asked(_: int) -> list[tuple[int, int]]:
        with live.http(key) as http:
            answers = [http.get("/v1/application") for _ in range(EACH)]
        assert {answer.status_code for answer in answers} == {200}
        told = [answer.headers for answer in answers]
        return [(int(each["x-ratelimit-reset"]), int(each["x-ratelimit-remaining"])) for each in told]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = [pair for pairs in pool.map(asked, range(AT_ONCE)) for pair in pairs]
    assert len(set(seen)) == AT_ONCE * EACH, "in each window every request has left one less"
    for window in {reset for reset, _ in seen}:
        left = sorted(remaining for reset, remaining in seen if reset == window)
        assert left == list(range(left[0], left[-1] + 1))
