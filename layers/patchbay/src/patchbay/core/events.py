"""What is told to the outside: each change of a stored job or asset that means something, as one event.

Events come from the table's stream alone, so that a fact and its report cannot differ. `id` is the same however often
a change is read from the stream: receivers can tell repetitions.
"""

from collections.abc import Mapping
from typing import Any

from patchbay.core import layout
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.budgets import BudgetWarning
from patchbay.domain.jobs import Job
from patchbay.ports import Record

VERSION = "1"
CALLBACK = "callback_url"
"""Key of an end's event for the address that the job came with; for those who bring it there, not for receivers."""
TRACE = "traceparent"
"""Key of a job's event for where in a trace the job was ordered; for those who bring it on its way."""
OURS = frozenset({CALLBACK, TRACE})
"""What receivers are not told."""
_TOLD_OF_JOBS = {
    "id",
    "application_id",
    "group_id",
    "dialect",
    "workflow",
    "name",
    "batch_name",
    "state",
    "progress",
    "failure",
    "created_at",
    "started_at",
    "completed_at",
    "audio_s",
    "cost_usd",
}
_TOLD_OF_BUDGETS = {"period", "began", "level_percent", "budget_usd", "spent_usd", "resets_at"}
_TOLD_OF_ASSETS = {"id", "name", "state", "reason", "audio", "size_bytes", "sha256"}


def of_change(old: Record | None, new: Record | None) -> dict[str, Any] | None:
    """The event that a change is, or None for one that nobody needs to hear of."""
    kind = (new or old).kind if (new or old) else ""  # type: ignore[union-attr]
    if kind == "job":
        return _of_job(old, new)
    if kind == "asset" and new is not None:
        return _of_asset(old, new)
    if kind == "budget" and old is None and new is not None:
        return _of_budget(new)
    return None


def ended(old: Record | None, new: Record | None) -> Job | None:
    """The job whose end a change is; None for any other change."""
    if new is None or new.kind != "job":
        return None
    after = layout.entity(Job, new)
    before = layout.entity(Job, old) if old else None
    return after if after.state.terminal and (before is None or not before.state.terminal) else None


def job_of(event: Mapping[str, Any]) -> str:
    """Id of the job that an event is about; empty for other events."""
    about = str(event.get("type", "")).startswith("job.")
    return str(event["data"]["id"]) if about else ""


def _of_job(old: Record | None, new: Record | None) -> dict[str, Any] | None:
    before = layout.entity(Job, old) if old else None
    after = layout.entity(Job, new) if new else None
    job = after or before
    if job is None:
        return None
    if after is None:
        what = "job.deleted"
    elif before is None or before.state is not after.state or _untold(before, after):
        what = f"job.{after.state}"
    elif after.progress > before.progress:
        what = "job.progressed"
    else:
        return None
    when = job.completed_at or job.started_at or job.created_at
    data = job.model_dump(mode="json", include=_TOLD_OF_JOBS)
    # A job enters each state once, so that the state names the event; only progress needs the version.
    name = f"{job.id}:{job.version}" if what == "job.progressed" else f"{job.id}:{what}"
    event = _envelope(what, job.tenant_id, name, when.isoformat(), data)
    if job.traceparent:
        event[TRACE] = job.traceparent
    callback = job.callback_url if job.state.terminal and what != "job.deleted" else None
    return {**event, CALLBACK: callback} if callback else event


def _untold(before: Job, after: Job) -> bool:
    """Whether a job that is over was written again as it was, so that its end is told once more."""
    return after.state.terminal and after.told_at is None and before.told_at is None


def _of_asset(old: Record | None, new: Record) -> dict[str, Any] | None:
    asset = layout.entity(Asset, new)
    if asset.state is AssetState.PENDING:
        what = "awaited" if old is None and asset.source_url else None
    else:
        what = asset.state.value if old is None or layout.entity(Asset, old).state is not asset.state else None
    if what is None:
        return None
    when = (asset.inspected_at or asset.created_at).isoformat()
    data = asset.model_dump(mode="json", include=_TOLD_OF_ASSETS)
    return _envelope(f"asset.{what}", asset.tenant_id, f"{asset.id}:{what}", when, data)


def _of_budget(new: Record) -> dict[str, Any]:
    warning = layout.entity(BudgetWarning, new)
    data = warning.model_dump(mode="json", include=_TOLD_OF_BUDGETS)
    return _envelope("budget.warned", warning.tenant_id, f"budget:{new.sk}", warning.at.isoformat(), data)


def _envelope(what: str, tenant_id: str, name: str, when: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"version": VERSION, "id": name, "type": what, "tenant_id": tenant_id, "time": when, "data": data}
