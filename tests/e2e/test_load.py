"""A little of `make load`: one client of each dialect at once for a few seconds, and the model on paper held to it."""

import asyncio
import gzip
import json
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Live
from tests.load.model import PROGRESS_EVERY_S, counted
from tests.load.people import KINDS
from tests.load.report import Outcome
from tests.load.run import find, run

pytestmark = [pytest.mark.twin, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def outcome(live: Live) -> Outcome:
    # In a thread: where the browser's tests ran before, this one has an event loop that runs.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run(find(live.data), len(KINDS), 6.0))).result()


def test_clients_of_all_dialects_at_once(outcome: Outcome) -> None:
    assert outcome.journal.faults == []
    assert outcome.journal.lost() == {}
    assert {call.dialect for call in outcome.journal.calls} == {kind.__name__.lower() for kind in KINDS} | {"links"}
    wanted = outcome.journal.reports_wanted
    assert wanted
    assert {job_id: outcome.reports[job_id] for job_id in wanted} == dict.fromkeys(wanted, 1)


def test_jobs_are_written_as_often_as_the_model_says(live: Live, outcome: Outcome, tmp_path: Path) -> None:
    live.command("backup", str(tmp_path / "copy"))
    with gzip.open(tmp_path / "copy/items.jsonl.gz", "rt") as lines:
        items: list[dict[str, Any]] = [item for item in map(json.loads, lines) if item["pk"].startswith("JOBS#")]
    jobs = {item["sk"]: item for item in items if item["sk"] in outcome.journal.ordered}
    done = {job_id: item for job_id, item in jobs.items() if '"state":"succeeded"' in item["s"]["body"]}
    assert len(done) >= 3
    least = counted(0).job_versions
    for job_id, item in done.items():
        body = json.loads(item["s"]["body"])
        ran_s = (_time(body["completed_at"]) - _time(body["started_at"])).total_seconds()
        steps = 1 + len(body["outputs"])  # each tells its end as progress once more
        most = least + math.ceil(ran_s / PROGRESS_EVERY_S) + steps
        assert least - 1 <= int(item["n"]["version"]) <= most, (job_id, body["workflow"], ran_s)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
