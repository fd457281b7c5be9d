"""How long a report of progress takes to its listener, held against what else this machine does in that time."""

import os
import statistics
import time
from collections.abc import Iterator

import pytest

from patchbay.adapters.aws import clients
from patchbay.bootstrap import Services
from patchbay.cli import home
from patchbay.settings import from_env
from tests.support.live import Live
from tests.support.progress import waits_s

pytestmark = [pytest.mark.twin, pytest.mark.slow, pytest.mark.timeout(300)]
WARM_UP, REPORTS, PAUSE_S = 3, 40, 0.05
LONGEST_P95_S = 1.0
ROUND_TRIPS = 12.0
"""So many requests to the API a report may take on a machine that is too busy for a second."""


@pytest.fixture
def core(live: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The core on the twin's table."""
    for name, value in home.require(live.data).environment().items():
        monkeypatch.setenv(name, value)
    clients.client.cache_clear()
    yield Services(from_env(os.environ))
    clients.client.cache_clear()


def test_a_report_is_at_its_listener_within_a_second(live: Live, core: Services) -> None:
    key = live.new_key("listener@example.org")
    assert len(waits_s(live, core, key, WARM_UP, PAUSE_S)) == WARM_UP
    before_s = round_trip_s(live, key)
    waits = waits_s(live, core, key, REPORTS, PAUSE_S)
    usual_s = max(before_s, round_trip_s(live, key))
    p95_s = statistics.quantiles(waits, n=20)[18]
    assert p95_s < max(LONGEST_P95_S, ROUND_TRIPS * usual_s), sorted(waits)


def round_trip_s(live: Live, key: str) -> float:
    """Seconds that a warm GET takes, the median of a few."""
    taken: list[float] = []
    with live.http(f"Bearer {key}") as http:
        for _ in range(6):
            began = time.monotonic()
            http.get("/patchbay/v1/jobs?limit=1").raise_for_status()
            taken.append(time.monotonic() - began)
    return statistics.median(taken[1:])
