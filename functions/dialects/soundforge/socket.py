"""SoundForge's socket: Phoenix's channel protocol, version 2.0.0, and what is told of jobs on it.

A message is a JSON array: [join_ref, ref, topic, event, payload] (hexdocs.pm/phoenix, "Writing a Channels Client").
"""

import json
from collections.abc import Mapping
from typing import Any

from functions.dialects.soundforge import mapping
from patchbay import bootstrap
from patchbay.core.downloads import WORKFLOW
from patchbay.domain.assets import Asset
from patchbay.domain.base import utc_now
from patchbay.domain.errors import NotFound, PatchbayError
from patchbay.domain.ids import is_id
from patchbay.domain.jobs import Job, JobState

VERSION = "2."
MAX_BYTES = 16 * 1024
_TOPIC = "jobs:"
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(mapping.SEPARATION, "processing"),
    mapping.ANALYSIS: "analysis",
    WORKFLOW: "download",
    "generate": "generation",
    "compose": "composition",
}
_MESSAGES: Mapping[JobState, str] = {
    JobState.QUEUED: "Waiting for a machine",
    JobState.STARTED: "Processing",
    JobState.SUCCEEDED: "Completed",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}
Payload = dict[str, Any]


def answers(connection_id: str, text: str) -> list[bytes]:
    """What a client's message is answered with: nothing for what is no message, as Phoenix closes on those."""
    try:
        join_ref, ref, topic, event, payload = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return []
    if not isinstance(topic, str) or not isinstance(event, str) or len(text) > MAX_BYTES:
        return []
    if not all(given is None or isinstance(given, str | int) for given in (join_ref, ref)):
        return []
    told = {"join_ref": join_ref, "ref": ref, "topic": topic}
    if topic == "phoenix":
        return [_reply(told, {})] if event == "heartbeat" else []
    job_id = topic.removeprefix(_TOPIC)
    if not topic.startswith(_TOPIC) or not is_id(job_id):
        return [_reply(told, {"reason": "unmatched topic"}, ok=False)]
    return _on_job(connection_id, job_id, event, payload, told)


def standing(job: Job) -> list[tuple[str, Payload]]:
    """How a job stands, as its listeners are told."""
    kind, track_id = _TYPES.get(job.workflow, job.workflow), mapping.track_of(job)
    stage = {"job_id": job.id, "track_id": track_id, "stage": kind}
    match job.state:
        case JobState.SUCCEEDED:
            result = {"job_id": job.id, "job_type": kind, "track_id": track_id, "result": _result(job)}
            return [("job:completed", result), ("pipeline:complete", stage)]
        case JobState.FAILED | JobState.CANCELLED:
            return [("job:failed", {"job_id": job.id, "job_type": kind, "error": mapping.error(job)})]
        case _:
            progress, status, message = mapping.progress(job), mapping.STATUS[job.state], _MESSAGES[job.state]
            if job.workflow == WORKFLOW and mapping.download_job(job, fetched(job))["status"] == "downloading":
                status, message = "downloading", "Downloading"
            shown = {"job_id": job.id, "status": status, "progress": progress, "message": message}
            return [("job:progress", shown), ("pipeline:progress", {**stage, "status": status, "progress": progress})]


def fetched(job: Job) -> Asset | None:
    """What a download fetches, as far as it is still there."""
    try:
        return bootstrap.services().assets.get(job.tenant_id, job.input_asset_id or "")
    except NotFound:
        return None


def forgotten(job_id: str) -> list[tuple[str, Payload]]:
    """What is told of a job that was deleted."""
    return [("job:failed", {"job_id": job_id, "job_type": None, "error": "the job was deleted"})]


def pushed(job_id: str, event: str, payload: Payload) -> bytes:
    """A message that nobody asked for."""
    return _written([None, None, f"{_TOPIC}{job_id}", event, payload])


def _on_job(connection_id: str, job_id: str, event: str, payload: Any, told: Payload) -> list[bytes]:
    sockets = bootstrap.services().sockets
    try:
        match event:
            case "phx_join":
                job = sockets.join(connection_id, job_id)
                return [_reply(told, {}), *(pushed(job_id, *each) for each in standing(job))]
            case "phx_leave":
                sockets.leave(connection_id, job_id)
                return [_reply(told, {})]
            case "ping" if sockets.listens(connection_id, job_id):
                return [_reply(told, {}), pushed(job_id, "pong", {"timestamp": utc_now().isoformat()})]
            case _ if sockets.listens(connection_id, job_id):
                return [_reply(told, {"reason": "unknown event"}, ok=False)]
            case _:
                return [_reply(told, {"reason": "unmatched topic"}, ok=False)]
    except PatchbayError as error:
        return [_reply(told, {"reason": str(error)}, ok=False)]


def _result(job: Job) -> Payload:
    if job.workflow in mapping.SEPARATION:
        return {"stems": mapping.stems(job)}
    if job.workflow == WORKFLOW:
        told = mapping.download_job(job, None)
        return {name: told[name] for name in ("output_path", "file_size")}
    return {output.name: output.value for output in job.outputs if output.key is None}


def _reply(told: Payload, response: Payload, *, ok: bool = True) -> bytes:
    payload = {"status": "ok" if ok else "error", "response": response}
    return _written([told["join_ref"], told["ref"], told["topic"], "phx_reply", payload])


def _written(message: list[Any]) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
