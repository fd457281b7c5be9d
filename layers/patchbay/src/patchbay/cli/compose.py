"""The way of a prompt: read into parameters, through a job, and its music down again."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchbay.catalog.composition import TEMPOS, usual_tempo
from patchbay.catalog.prompts import brief
from patchbay.catalog.prompts.understand import understand
from patchbay.cli import show
from patchbay.cli.client import ApiError, Client, Job, check_folder, file_name, goes_on, inside
from patchbay.cli.failures import CommandFailed, Interrupted

if TYPE_CHECKING:
    from rich.progress import Progress

JOBS_PATH = "/patchbay/v1/jobs"
WAIT_S = 15
"""One long poll; the server allows 20."""
DURATION_S = 60.0
_OVER = frozenset({"succeeded", "failed", "cancelled"})
_WORDS = {"queued": "Waiting", "started": "Composing", "succeeded": "Composed", "failed": "Failed"}
_SHORTEST_S = 0.25
"""Between two questions, should the server answer at once."""


def wishes(
    prompt: str,
    *,
    genre: str = "",
    mood: str = "",
    duration_s: float | None = None,
    tempo: str = "",
    seed: int = 0,
    stems: bool = False,
    instruments: bool = False,
) -> dict[str, Any]:
    """Parameters of the workflow `compose`: what the prompt says, and before it what is given apart from it.

    `mood` is read as a prompt is ("calm, then energetic"); `tempo` is a word or beats per minute. Raises `InvalidInput`
    for a prompt that says nothing of music, `CommandFailed` for a mood or a tempo that is none.
    """
    # What is given apart makes up for what an empty prompt leaves out.
    read = understand(", ".join(text for text in (prompt, "" if prompt else genre, "" if prompt else mood) if text))
    params = {**brief.params(read), "title": " ".join(prompt.split())[:200], "seed": seed, "stems": stems}
    if instruments:
        params["instrument_stems"] = True
    if genre:
        params["genre"] = genre
    if duration_s is not None:
        params["duration_s"] = duration_s
    passages = understand(mood).passages if mood else read.passages
    if mood and not passages:
        raise CommandFailed(f"{mood!r} names no mood, such as calm, happy or tense")
    if passages:
        params["sections"] = brief.sections(passages, params.get("duration_s", DURATION_S))
    if tempo:
        params = {name: value for name, value in params.items() if name not in ("tempo", "bpm")} | _tempo(tempo)
    if passages and not {"tempo", "bpm"} & set(params):
        params["tempo"] = usual_tempo(max(passages, key=lambda passage: passage.length).emotion)
    return {"duration_s": DURATION_S, **params}


def _tempo(text: str) -> dict[str, Any]:
    if text in TEMPOS:
        return {"tempo": text}
    try:
        return {"bpm": float(text.lower().removesuffix("bpm"))}
    except ValueError:
        raise CommandFailed(f"{text!r} is no tempo: {', '.join(TEMPOS)}, or beats per minute") from None


def compose(
    client: Client, params: Mapping[str, Any], folder: Path, *, quiet: bool = False
) -> tuple[Job, dict[str, Path]]:
    """Compose into `folder`; returns the job and the file of each output. Ctrl-C cancels the job.

    Raises `CommandFailed` with the job's reason where it fails.
    """
    check_folder(folder)
    with show.progress(quiet=quiet) as shown:
        order = {"workflow": "compose", "params": dict(params), "name": params.get("title", "")}
        job: Job = client.send("POST", JOBS_PATH, order)
        with _cancelled_with_us(client, job["id"]):
            job = _wait(client, job, shown)
        if job["state"] != "succeeded":
            why = (job.get("failure") or {}).get("message") or "no reason was given"
            raise CommandFailed(f"job {job['id']} {job['state']}: {why}")
        return job, _fetch(client, job, folder, shown)


@contextmanager
def _cancelled_with_us(client: Client, job_id: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        client.send("POST", f"{JOBS_PATH}/{inside(job_id)}/cancel")
        raise Interrupted(f"interrupted; job {job_id} is cancelled") from None
    except ApiError as error:
        raise goes_on(error, job_id) from None


def _wait(client: Client, job: Job, shown: "Progress") -> Job:
    """Ask until it is over; each answer comes as soon as there is news."""
    waiting = shown.add_task("Waiting", total=None)
    while True:
        done, state = float(job["progress"]), str(job["state"])
        shown.update(waiting, description=_WORDS.get(state, state.capitalize()))
        if state == "succeeded" or done:
            shown.update(waiting, total=1.0, completed=1.0 if state == "succeeded" else done)
        if state in _OVER:
            shown.stop_task(waiting)
            return job
        asked = time.monotonic()
        known = {"wait_s": WAIT_S, "after_state": state, "after_progress": done}
        job = client.get(f"{JOBS_PATH}/{inside(job['id'])}", known)
        if time.monotonic() - asked < _SHORTEST_S and job["state"] not in _OVER:
            time.sleep(_SHORTEST_S)


def _fetch(client: Client, job: Job, folder: Path, shown: "Progress") -> dict[str, Path]:
    urls = {output["name"]: output["url"] for output in job["outputs"] if output["url"]}
    folder.mkdir(parents=True, exist_ok=True)
    fetching = shown.add_task("Download", total=float(len(urls)))
    files: dict[str, Path] = {}
    for done, (name, url) in enumerate(urls.items()):
        files[name] = folder / file_name(Path(name).stem, name)

        def report(share: float, done: int = done) -> None:
            shown.update(fetching, completed=done + share)

        client.download(url, files[name], report)
    return files
