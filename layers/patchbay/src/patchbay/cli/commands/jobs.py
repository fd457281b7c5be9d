"""`patchbay jobs`, `job`, `cancel`, `models`, `separate`: what a customer does, through the public API."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from patchbay.cli import options, show

if TYPE_CHECKING:
    from patchbay.cli.client import Job

MODELS_PATH = "/patchbay/v1/models"
JOBS_PATH = "/patchbay/v1/jobs"


def separate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any audio file.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where the stems go; a folder called after FILE if unset."),
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="Model that separates; the best one there if unset.")
    ] = "",
    stems: Annotated[
        Literal["2", "4", "6"],
        typer.Option(help="2: vocals, accompaniment; 4: vocals, drums, bass, other; 6: these and guitar, piano."),
    ] = "4",
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Split a song into stems: upload it, run a job, download the results. Ctrl-C cancels the job."""
    from patchbay.cli.connect import connect
    from patchbay.cli.separate import separate as run

    folder = output or Path(file.stem)
    with connect(url, key, data) as client:
        job, files = run(client, file, folder, stems=int(stems), model=model, quiet=as_json)
    if as_json:
        show.as_json({"job": job, "files": {name: str(path) for name, path in files.items()}})
    else:
        for path in files.values():
            print(path)


def jobs(
    status: Annotated[list[str] | None, typer.Option(metavar="STATUS", help="Only these; may be repeated.")] = None,
    workflow: Annotated[list[str] | None, typer.Option(metavar="SLUG", help="Only these; may be repeated.")] = None,
    batch: Annotated[str, typer.Option(metavar="NAME", help="Only this batch.")] = "",
    page: Annotated[int, typer.Option(min=0, help="Page, from 0.")] = 0,
    size: Annotated[int, typer.Option(min=1, max=200, help="Jobs on a page.")] = 20,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """List your jobs, newest first."""
    from patchbay.cli.connect import connect

    filters = {"status": [s.upper() for s in status or ()], "workflow": workflow or [], "page": page, "size": size}
    if batch:
        filters["batchName"] = batch
    with connect(url, key, data) as client:
        found = client.jobs(filters)
    if as_json:
        show.as_json(found)
        return
    rows = [
        (
            j["id"],
            show.plain(j.get("name") or ""),
            _workflow(j),
            show.status(j["status"]),
            show.when(j["createdAt"]),
            show.took(j),
        )
        for j in found
    ]
    show.table(("Id", "Name", "Workflow", "Status", "Created", "Took"), rows)


def job(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the job.")],
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Show one job: its status, and its results or the reason why it failed."""
    from patchbay.cli.client import results, why_failed
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        found = client.job(job_id)
    if as_json:
        show.as_json(found)
        return
    rows = [
        ("Id", found["id"]),
        ("Name", show.plain(found.get("name") or "")),
        ("Workflow", _workflow(found)),
        ("Status", show.status(found["status"])),
        ("Created", show.when(found.get("createdAt"))),
        ("Started", show.when(found.get("startedAt"))),
        ("Completed", show.when(found.get("completedAt"))),
    ]
    if found["status"] == "FAILED":
        rows.append(("Reason", show.plain(why_failed(found))))
    urls, values = results(found)
    rows += [(show.plain(name), show.plain(str(value))) for name, value in {**values, **urls}.items()]
    show.facts(rows)


def cancel(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the job.")],
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """End a job that is not over; it stays in the list as cancelled."""
    from patchbay.cli.client import inside
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        found = client.send("POST", f"{JOBS_PATH}/{inside(job_id)}/cancel")
    if as_json:
        show.as_json(found)
    else:
        print(f"job {found['id']} is {found['state']}")


def models(
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """List the models: what they separate or generate, under which licence, and whether they run there."""
    from patchbay.cli.connect import connect

    with connect(url, key, data) as client:
        found = client.all(MODELS_PATH, "models")
    if as_json:
        show.as_json(found)
        return
    found.sort(key=lambda m: not m["available"])
    rows = [
        (
            m["name"],
            "[green]yes[/]" if m["available"] else "no",
            "yes" if m["commercial_use"] else "no",
            show.plain(_makes(m)),
            show.plain(m["licence"]),
        )
        for m in found
    ]
    show.table(("Model", "Runs there", "Commercial use", "Makes", "Licence"), rows)
    show.facts((f"{m['name']:<16}", show.plain(m["title"])) for m in found if m["available"])


def _makes(model: dict[str, Any]) -> str:
    """What a model is for, in a few words."""
    if model["kind"] == "separation":
        return ", ".join(model["stems"])
    return f"{model['min_length_s']:g} to {model['max_length_s']:g} s of music{', after a melody' * model['melody']}"


def _workflow(found: "Job") -> str:
    told = found.get("workflow") or ""
    return show.plain(str(told.get("name") or told.get("id")) if isinstance(told, dict) else str(told))
