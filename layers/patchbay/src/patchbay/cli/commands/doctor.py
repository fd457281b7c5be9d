"""`patchbay doctor`: is a deployment well, and if not, what is to be done?"""

import wave
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from patchbay.cli import operator, options, show
from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from patchbay.cli.client import Client
    from patchbay.domain.checkup import Finding

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "dim"}
WORKFLOW = "audio-analysis"
PROBE_S = 2
_RATE_HZ = 8000


def doctor(
    stage: options.Stage = "",
    probe: Annotated[
        bool, typer.Option("--probe", help="Also send a tiny job through all of it, with your API key.")
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read all weights, for their digests; gigabytes, in the cloud.")
    ] = False,
    before: Annotated[
        bool,
        typer.Option("--before", help="Only what deploying --stage with the settings of this shell would fail on."),
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="List what has no place in this deployment, too.")] = False,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Look at all of a deployment and say what to do: account, stacks, table, queues, Lambdas, weights, secrets, mail,
    quotas, certificate, address. Nothing is changed. The exit status is 1 if something fails, else 0.
    """
    cloud = bool(stage) or operator.in_cloud()
    if before and not stage:
        raise CommandFailed("--before is of a deployment: name its --stage")
    looked = operator.findings_before(stage) if before else operator.findings(data, stage, read_weights=deep)
    findings = list(looked)
    if probe:
        findings.append(_probed(cloud, url, key, data))
    failed = [each for each in findings if each.state.value == "fail"]
    if as_json:
        show.as_json({"ok": not failed, "findings": [_facts(each) for each in findings]})
    else:
        _tell(findings if everything else [each for each in findings if each.state.value != "skipped"])
    if failed:
        raise typer.Exit(1)


def _facts(finding: "Finding") -> dict[str, str]:
    told = {"area": finding.area, "name": finding.name, "state": finding.state.value, "told": finding.told}
    return {**told, "todo": finding.todo} if finding.todo else told


def _tell(findings: Iterable["Finding"]) -> None:
    found, area = list(findings), ""
    rows = []
    for each in found:
        state = f"[{_COLOURS[each.state.value]}]{each.state.value}[/]"
        told = show.plain(each.told) + (f"\n[bold]→ {show.plain(each.todo)}[/]" if each.todo else "")
        rows.append((each.area if each.area != area else "", show.plain(each.name), state, told))
        area = each.area
    show.table(("Area", "What", "State", "Found"), rows)
    counts = [(name, sum(each.state.value == name for each in found)) for name in _COLOURS]
    print(", ".join(f"{number} {name}" for name, number in counts if number))


def _probed(cloud: bool, url: str, key: str, data: Path) -> "Finding":
    """A finding about a job that was sent through all of the deployment."""
    from patchbay.cli.client import why_failed
    from patchbay.cli.connect import connect
    from patchbay.domain.checkup import Finding, State

    name = f"a job of {WORKFLOW}"
    if cloud and not (url and key):
        todo = "give --url and --key, or PATCHBAY_URL and PATCHBAY_KEY"
        return Finding("probe", name, State.FAIL, "nobody can be asked", todo)
    try:
        with connect(url, key, data) as client, TemporaryDirectory() as folder:
            song = _song(Path(folder, "probe.wav"))
            job_id = client.submit(WORKFLOW, {"inputUrl": client.upload(song)}, name="doctor")
            try:
                job = client.wait(job_id)
            finally:
                _forget(client, job_id)
    except CommandFailed as error:
        return Finding("probe", name, State.FAIL, str(error), "look for the job's id in the logs: docs/watching.md")
    if job["status"] != "SUCCEEDED":
        todo = f"look for {job_id} in the logs: docs/watching.md"
        return Finding("probe", name, State.FAIL, why_failed(job), todo)
    return Finding("probe", name, State.OK, f"done in {show.took(job)}")


def _forget(client: "Client", job_id: str) -> None:
    """Remove the probe's job and its file, which would count for whose key it was sent with."""
    from patchbay.cli.client import inside

    asset_id = client.get(f"/patchbay/v1/jobs/{inside(job_id)}")["input_asset_id"]
    client.delete(job_id)
    client.send("DELETE", f"/patchbay/v1/assets/{inside(asset_id)}")


def _song(path: Path) -> Path:
    """A quiet tone that no other probe has had, so that nothing of it is there already."""
    import math
    import secrets

    pitch_hz = 200 + secrets.randbelow(200_000) / 1000
    samples = (round(8000 * math.sin(2 * math.pi * pitch_hz * n / _RATE_HZ)) for n in range(PROBE_S * _RATE_HZ))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes(b"".join(n.to_bytes(2, "little", signed=True) for n in samples))
    return path
