"""What a job cost on the twin: seconds by a real worker, sums in the twin's own table, and a budget that holds."""

import csv
import io
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Live

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]
JOBS = "/patchbay/v1/jobs"


def test_a_jobs_seconds_are_its_cost_and_a_budget_stops_the_next(live: Live, song: Path) -> None:
    key = live.new_key("spender@example.org")
    live.command("user", "budget", "spender@example.org", "--monthly-usd", "10", "--daily-usd", "5")
    with live.http(f"Bearer {key}") as http:
        place = http.post("/patchbay/v1/uploads", json={"name": song.name}).json()
        put = httpx.put(place["put_url"], content=song.read_bytes(), verify=live.tls, trust_env=False)
        put.raise_for_status()
        order = {"workflow": "audio-encoder", "input": {"url": place["input_url"]}}
        job = http.post(JOBS, json=order).json()
        while job["state"] not in {"succeeded", "failed", "cancelled"}:
            job = http.get(f"{JOBS}/{job['id']}", params={"wait_s": 20}).json()
        assert job["state"] == "succeeded", job["failure"]
        (step,) = job["steps"]
        assert step["start_s"] > 0
        assert step["engine_s"] > 0
        assert step["wait_s"] is not None
        assert job["cost_usd"] > step["cost_usd"] > 0
        told = http.get("/patchbay/v1/costs", params={"by": "workflow"}).json()
        (group,) = told["groups"]
        assert (group["name"], group["jobs"], group["cost_usd"]) == ("audio-encoder", 1, job["cost_usd"])
        assert [(b["period"], b["spent_usd"], b["reserved_usd"]) for b in told["budgets"]] == [
            ("month", job["cost_usd"], 0),
            ("day", job["cost_usd"], 0),
        ]
        live.command("user", "budget", "spender@example.org", "--daily-usd", f"{job['cost_usd']:.9f}")
        refused = http.post(JOBS, json=order)
        assert (refused.status_code, refused.json()["code"]) == (402, "budget-exceeded")
    everybody = csv.DictReader(io.StringIO(live.command("cost", "--all", "--by", "tenant", "--csv").stdout))
    own = [row for row in everybody if row["tenant"] == "spender@example.org"]
    assert [(row["jobs"], float(row["cost_usd"])) for row in own] == [("1", job["cost_usd"])]
