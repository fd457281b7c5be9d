"""How nouns lie in the table. Every access of the product is one of these, and every one is by key.

| access pattern | key or index | kind of read |
| --- | --- | --- |
| user by id | `USERS#<user>` / `profile` | get |
| user by e-mail (unique) | `EMAILS#<address>` / `user` | get |
| applications of a tenant | `APPLICATIONS#<tenant>` / `<application>` | get, query |
| API key by its secret's hash | `SECRETS#<sha256>` / `key` | get |
| API keys of a tenant | `KEYS#<tenant>` / `<key id>` | query |
| asset by id, assets newest first | `ASSETS#<tenant>` / `<asset>` | get, query |
| job by id, jobs newest first | `JOBS#<tenant>` / `<job>` | get, query |
| jobs by state, workflow, batch name | indexes `by_state`, `by_workflow`, `by_batch` | index query, keys only |
| jobs that are not over, of all tenants | index `by_open`, `OPEN#<shard>` | index query, keys only |
| steps of a job | `STEPS#<job>` / `<two digits>` | get, query |
| stored results of a computation | `RESULTS#<tenant>` / `<fingerprint>` | get |

Identifiers are UUID version 7, so sort keys are in order of creation. One tenant's jobs share a partition, which
DynamoDB splits by sort key as it grows; `by_open` is sharded because all tenants write to it.
"""

import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel

from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.base import Entity
from patchbay.domain.jobs import Job, Output
from patchbay.domain.steps import Step
from patchbay.domain.users import ApiKey, Application, User
from patchbay.ports import Key, Put, Record

OPEN_SHARDS = 8
PENDING_KEPT = timedelta(days=2)
E = TypeVar("E", bound=Entity)


class KeyOfEmail(Entity):
    """Which user has an e-mail address."""

    user_id: str


class StoredResult(Entity):
    """The outputs of a computation that was done once."""

    outputs: tuple[Output, ...]


def user_key(user_id: str) -> Key:
    """Key of a user."""
    return f"USERS#{user_id}", "profile"


def email_key(email: str) -> Key:
    """Key of the record that makes an address unique."""
    return f"EMAILS#{email}", "user"


def application_key(tenant_id: str, application_id: str) -> Key:
    """Key of an application."""
    return f"APPLICATIONS#{tenant_id}", application_id


def secret_key(secret_hash: str) -> Key:
    """Key of an API key by its secret's hash."""
    return f"SECRETS#{secret_hash}", "key"


def api_key_key(tenant_id: str, key_id: str) -> Key:
    """Key of an API key among its tenant's."""
    return f"KEYS#{tenant_id}", key_id


def asset_key(tenant_id: str, asset_id: str) -> Key:
    """Key of an asset."""
    return f"ASSETS#{tenant_id}", asset_id


def job_key(tenant_id: str, job_id: str) -> Key:
    """Key of a job."""
    return f"JOBS#{tenant_id}", job_id


def step_key(job_id: str, index: int) -> Key:
    """Key of a job's step."""
    return f"STEPS#{job_id}", f"{index:02d}"


def result_key(tenant_id: str, fingerprint: str) -> Key:
    """Key of a computation's stored outputs."""
    return f"RESULTS#{tenant_id}", fingerprint


def open_shard(job_id: str) -> str:
    """Partition of `by_open` that an open job is in."""
    return f"OPEN#{zlib.crc32(job_id.encode()) % OPEN_SHARDS}"


def record(
    key: Key, kind: str, entity: Entity, *, indexes: Mapping[str, str] | None = None, expires_at: int | None = None
) -> Record:
    """The record of an entity, under the version after the one it was read at."""
    body = entity.model_dump_json(exclude={"version"}, exclude_defaults=True)
    return Record(*key, kind, body, entity.version + 1, indexes or {}, expires_at)


def put(key: Key, kind: str, entity: Entity, *, indexes: Mapping[str, str] | None = None) -> Put:
    """The write of an entity on the condition that the stored one still has the version that was read."""
    return Put(record(key, kind, entity, indexes=indexes), expected=entity.version)


def entity(model: type[E], stored: Record) -> E:
    """The entity of a record."""
    return model.model_validate_json(stored.body).model_copy(update={"version": stored.version})


def put_user(user: User) -> Put:
    """Write of a user."""
    return put(user_key(user.id), "user", user)


def put_application(application: Application) -> Put:
    """Write of an application."""
    return put(application_key(application.tenant_id, application.id), "application", application)


def put_api_key(key: ApiKey) -> tuple[Put, Put]:
    """Writes of an API key: by its hash, and among its tenant's."""
    by_hash = put(secret_key(key.secret_hash), "secret", key)
    return by_hash, put(api_key_key(key.tenant_id, key.id), "api_key", key)


def put_asset(asset: Asset) -> Put:
    """Write of an asset. One whose bytes never come is forgotten."""
    forget = asset.created_at + PENDING_KEPT if asset.state is AssetState.PENDING else None
    stored = record(
        asset_key(asset.tenant_id, asset.id), "asset", asset, expires_at=int(forget.timestamp()) if forget else None
    )
    return Put(stored, expected=asset.version)


def put_job(job: Job) -> Put:
    """Write of a job with all that it is listed by."""
    tenant = job.tenant_id
    indexes = {"by_state": f"{tenant}#{job.state}", "by_workflow": f"{tenant}#{job.workflow}"}
    if job.batch_name:
        indexes["by_batch"] = f"{tenant}#{job.batch_name}"
    if not job.state.terminal:
        indexes["by_open"] = open_shard(job.id)
    return put(job_key(tenant, job.id), "job", job, indexes=indexes)


def put_step(step: Step, expires_at: int) -> Put:
    """Write of a step."""
    return Put(record(step_key(step.job_id, step.index), "step", step, expires_at=expires_at), expected=step.version)


def body_bytes(model: BaseModel) -> int:
    """Size of an entity's body as stored."""
    return len(model.model_dump_json().encode())
