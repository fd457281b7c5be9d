"""The way of one file: up to the store, through a job, and its results down again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchbay.cli import show
from patchbay.cli.client import OVER, ApiError, Client, Job, check_folder, file_name, goes_on, results, why_failed
from patchbay.cli.failures import CommandFailed, Interrupted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

WORKFLOWS = {2: "stems-vocals-accompaniment", 4: "stem-isolation-4", 6: "stem-isolation-6"}


def separate(
    client: Client, file: Path, folder: Path, *, stems: int = 4, model: str = "", quiet: bool = False
) -> tuple[Job, dict[str, Path]]:
    """Separate `file` into `folder`; returns the job and the file of each stem. Ctrl-C cancels the job.

    Raises `CommandFailed` with the job's reason where it fails.
    """
    if not file.is_file():
        raise CommandFailed(f"there is no file {file}")
    if file.stat().st_size == 0:
        raise CommandFailed(f"{file} is empty")
    check_folder(folder)
    params: dict[str, Any] = {"model": model} if model else {}
    with show.progress(quiet=quiet) as shown:
        sending = shown.add_task(f"Upload {file.name}"[:24], total=1.0)
        params["inputUrl"] = client.upload(file, lambda share: shown.update(sending, completed=share))
        job_id = client.submit(WORKFLOWS[stems], params, name=file.name)
        with _cancelled_with_us(client, job_id):
            job = _wait(client, job_id, shown)
        if job["status"] != "SUCCEEDED":
            raise CommandFailed(f"job {job_id} {str(job['status']).lower()}: {why_failed(job)}")
        return job, _fetch(client, results(job)[0], folder, shown)


@contextmanager
def _cancelled_with_us(client: Client, job_id: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        client.delete(job_id)
        raise Interrupted(f"interrupted; job {job_id} is cancelled") from None
    except ApiError as error:
        raise goes_on(error, job_id) from None


def _wait(client: Client, job_id: str, shown: "Progress") -> Job:
    waiting = shown.add_task("Waiting", total=None)

    def report(job: Job) -> None:
        _report(shown, waiting, job)

    return client.wait(job_id, report)


def _report(shown: "Progress", task: "TaskID", job: Job) -> None:
    done = job.get("progress")
    status = job["status"]
    words = {"QUEUED": "Waiting", "STARTED": "Separating", "SUCCEEDED": "Separated", "FAILED": "Failed"}
    shown.update(task, description=words.get(status, str(status).capitalize()))
    if status == "SUCCEEDED":
        shown.update(task, total=1.0, completed=1.0)
    elif status in OVER:
        shown.stop_task(task)
    elif isinstance(done, int | float):
        shown.update(task, total=1.0, completed=float(done))


def _fetch(client: Client, urls: Mapping[str, str], folder: Path, shown: "Progress") -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    fetching = shown.add_task("Download", total=float(len(urls)))
    files: dict[str, Path] = {}
    for done, (name, url) in enumerate(urls.items()):
        files[name] = folder / file_name(name, url)

        def report(share: float, done: int = done) -> None:
            shown.update(fetching, completed=done + share)

        client.download(url, files[name], report)
    return files
