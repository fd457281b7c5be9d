"""What an operator does with people and their data: export, erasure, backup, and a stage made of a backup."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Live, free_port, start, stop
from tests.e2e.test_lifetime import order, upload, wait
from tests.e2e.test_twoshot import eventually, ready, registered
from tests.support.twoshot import PASSWORD
from tests.support.twoshot_clients import TwoShotClient

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]


def as_json(live: Live, *words: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(live.command(*words, "--json").stdout)
    return told


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_person_takes_everything_along_and_is_erased(live: Live, song: Path, tmp_path: Path) -> None:
    email = "leaves@example.org"
    session, other = registered(live, "leaves"), registered(live, "stays")
    client = TwoShotClient(live.base_url, session["accessToken"], live.ca)
    fan = TwoShotClient(live.base_url, other["accessToken"], live.ca)
    number = client.upload_sample(song)["sampleId"]
    ready(client, number)
    client.request(f"/sample/{number}/rename", "PATCH", {"name": "Farewell"})
    client.request(f"/sample/{number}/visibility", "PATCH", {"public": True})
    assert [hit["sample"]["id"] for hit in eventually(lambda: fan.request("/sample?q=farewell"))] == [number]
    fan.request(f"/sample/{number}/like", "POST")

    told = as_json(live, "user", "export", email, "-o", str(tmp_path / "all"))
    copies = {sha256(path.read_bytes()) for path in (tmp_path / "all/files").rglob("*") if path.is_file()}
    assert sha256(song.read_bytes()) in copies
    assert "Farewell" in (tmp_path / "all/records/samples.jsonl").read_text()
    erased = as_json(live, "user", "erase", email, "--yes")
    assert erased["objects"] == told["files"] >= 2

    with live.http("") as http:
        assert http.get("/user", headers={"Authorization": f"Bearer {session['accessToken']}"}).status_code == 401
        assert http.post("/auth/login", json={"email": email, "password": PASSWORD}).status_code == 401
        assert http.get(f"/sample/{number}").status_code == 404
    assert fan.request("/sample?q=farewell") == []
    assert fan.request("/user")["userName"] == "stays"
    as_json(live, "backup", str(tmp_path / "look"))
    left = gzip.decompress((tmp_path / "look/items.jsonl.gz").read_bytes()).decode()
    assert erased["id"] not in left
    assert email not in left
    assert "stays@example.org" in left


def test_a_stage_is_made_again_of_its_backup(live: Live, song: Path, tmp_path: Path) -> None:
    with live.http() as http:
        done = order(http, upload(live, http, song))
        first = stems_of(live, http, done)
    made = as_json(live, "backup", str(tmp_path / "copy"))
    assert as_json(live, "backup", str(tmp_path / "copy"), "--check") == made
    data, port = tmp_path / "data", free_port()
    process = start(data, port)
    fresh = Live(f"https://localhost:{port}", data, live.key, process.pid)
    try:
        assert as_json(fresh, "restore", str(tmp_path / "copy")) == made
        assert "somebody has an account" in fresh.command("restore", str(tmp_path / "copy"), check=False).stderr
        with fresh.http() as http:
            assert stems_of(fresh, http, done) == first
            wait(http, order(http, upload(fresh, http, song)), "SUCCEEDED")
    finally:
        stop(process)


def stems_of(live: Live, http: httpx.Client, job_id: str) -> dict[str, str]:
    """Stem -> SHA-256."""
    result = wait(http, job_id, "SUCCEEDED")["result"]
    assert isinstance(result, dict)
    with httpx.Client(verify=live.tls, trust_env=False, timeout=60) as plain:
        return {name: sha256(plain.get(url).raise_for_status().content) for name, url in result.items()}
