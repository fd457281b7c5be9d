"""What is told to the outside: each change of a stored job or asset that means something, as one event.

Events come from the table's stream alone, so that a fact and its report cannot differ. `id` is the same however often
a change is read from the stream: receivers can tell repetitions.
"""

from typing import Any

from patchbay.core import layout
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.jobs import Job
from patchbay.ports import Record

VERSION = "1"


def of_change(old: Record | None, new: Record | None) -> dict[str, Any] | None:
    """The event that a change is, or None for one that nobody needs to hear of."""
    kind = (new or old).kind if (new or old) else ""  # type: ignore[union-attr]
    if kind == "job":
        return _of_job(old, new)
    if kind == "asset" and new is not None:
        return _of_asset(old, new)
    return None


def _of_job(old: Record | None, new: Record | None) -> dict[str, Any] | None:
    before = layout.entity(Job, old) if old else None
    after = layout.entity(Job, new) if new else None
    job = after or before
    if job is None:
        return None
    if after is None:
        what = "job.deleted"
    elif before is None or before.state is not after.state:
        what = f"job.{after.state}"
    elif after.progress > before.progress:
        what = "job.progressed"
    else:
        return None
    when = job.completed_at or job.started_at or job.created_at
    data = job.model_dump(
        mode="json", include={"id", "dialect", "workflow", "name", "batch_name", "state", "progress", "failure"}
    )
    return _envelope(what, job.tenant_id, job.id, job.version, when.isoformat(), data)


def _of_asset(old: Record | None, new: Record) -> dict[str, Any] | None:
    asset = layout.entity(Asset, new)
    if asset.state is AssetState.PENDING or (old and layout.entity(Asset, old).state is asset.state):
        return None
    when = (asset.inspected_at or asset.created_at).isoformat()
    data = asset.model_dump(mode="json", include={"id", "name", "state", "reason", "audio", "size_bytes", "sha256"})
    return _envelope(f"asset.{asset.state}", asset.tenant_id, asset.id, asset.version, when, data)


def _envelope(what: str, tenant_id: str, noun_id: str, version: int, when: str, data: dict[str, Any]) -> dict[str, Any]:
    name = f"{noun_id}:{version}" + (":deleted" if what == "job.deleted" else "")
    return {"version": VERSION, "id": name, "type": what, "tenant_id": tenant_id, "time": when, "data": data}
