"""How nouns lie in the table. Every access of the product is one of these, and every one is by key.

| access pattern | key or index | kind of read |
| --- | --- | --- |
| user by id | `USERS#<user>` / `profile` | get |
| user by e-mail (unique) | `EMAILS#<address>` / `user` | get |
| user by user name, by referral code (unique) | `USERNAMES#<folded>`, `REFERRALS#<code>` / `user` | get |
| users whom a user brought, newest first | `REFERRED#<user>` / `<user>` | query |
| whether a user follows another | `FOLLOWS#<user>` / `<user>` | get |
| how many follow a user | `FOLLOWERS#<user>` / `count` | counter |
| whether a session is over | `ENDED#<user>` / `<session>` | get |
| password that is being set by a code | `RESETS#<user>` / `reset` | get |
| session of a browser by its cookie's hash | `BROWSERS#<sha256>` / `session` | get |
| session that waits to be handed over | `HANDOVERS#<sha256>` / `session` | get |
| applications of a tenant | `APPLICATIONS#<tenant>` / `<application>` | get, query |
| thing by its public number | `NUMBERS#<kind>#<number>` / `thing` | get |
| API key by its secret's hash | `SECRETS#<sha256>` / `key` | get |
| API keys of a tenant | `KEYS#<tenant>` / `<key id>` | query |
| how much a tenant stores and has ordered | `HELD#<tenant>` / `figures` | get |
| asset by id, assets newest first | `ASSETS#<tenant>` / `<asset>` | get, query |
| assets of all tenants whose time is over | index `by_open`, `KEPT#<hour>#<shard>` | index query, keys only |
| job by id, jobs newest first | `JOBS#<tenant>` / `<job>` | get, query |
| jobs by state, workflow, batch name | indexes `by_state`, `by_workflow`, `by_batch` | index query, keys only |
| jobs that are not over, of all tenants | index `by_open`, `OPEN#<shard>` | index query, keys only |
| steps of a job | `STEPS#<job>` / `<two digits>` | get, query |
| stored results of a computation | `RESULTS#<tenant>` / `<fingerprint>` | get |
| who is at a computation right now | `CLAIMS#<tenant>` / `<fingerprint>` | get |
| whose turn it is to do what is done once | `TURNS#<what>` / `turn` | get |
| jobs ordered together, newest first | `GROUPS#<tenant>` / `<group>` | get, query |
| track by id, tracks newest first | `TRACKS#<tenant>` / `<track>` | get, query |
| sample by id, samples newest first | `SAMPLES#<tenant>` / `<sample>` | get, query |
| samples of a folder, newest first | index `by_open`, `FOLDER#<tenant>#<folder number>` | index query, keys only |
| sample by its audio's id | `AUDIO#<asset>` / `sample` | get |
| folder by its number, folders of a tenant | `FOLDERS#<tenant>` / `<sixteen digits>` | get, query |
| whether a user likes a sample | `LIKES#<tenant>` / `<sample>` | get |
| how many like a sample | `LIKED#<sample>` / `count` | counter |
| what a user has a licence for | `LICENCES#<tenant>` / `<asset>` | get |
| project by id, projects of a tenant | `PROJECTS#<tenant>` / `<project>` | get, query |
| whose a project is | `PROJECT#<project>` / `owner` | get |
| projects of all tenants that are being made or removed | index `by_open`, `LEAVING#<hour>` | index query, keys only |
| documents of a project, as they were saved | `DOCUMENTS#<project>` / `<ten digits>` | get, query |
| samples or projects of a term, in an order | `TERMS#<order>#<scope>#<term>` / `<place>` | query |
| what the index holds of a sample | `INDEXED#<tenant>` / `<sample>` | get, query |
| what the index holds of a project | `INDEXED#<tenant>#project` / `<project>` | get, query |
| whose samples and projects are in the index | `OWNERS#<shard>` / `<tenant>` | get, query |
| tags in fashion | `TRENDS` / `public` | get |
| generation by id, generations newest first | `GENERATIONS#<tenant>` / `<job>` | get, query |
| whose a generation is | `GENERATION#<job>` / `owner` | get |
| video by id, videos newest first | `VIDEOS#<tenant>` / `<video>` | get, query |
| videos of all tenants that are forgotten | index `by_open`, `LEFT#<hour>` | index query, keys only |
| credits of a tenant | `WALLETS#<tenant>` / `credits` | get |
| what an order costs | `CHARGES#<tenant>` / `<order>` | get |
| whether a user likes a generator | `GENERATORLIKES#<tenant>` / `<nine digits>` | get |
| a user's tags of generators, and his uses | `GENERATORS#<tenant>` / `tags#<nine digits>`, `used#...` | query |
| a generator's likes and uses | `GENERATORLIKED#<number>`, `GENERATORUSES#<number>#<shard>` | counters |
| open socket by its connection | `SOCKETS#<connection>` / `socket` | get |
| sockets that listen to a job | `LISTENERS#<job>` / `<connection>` | query |
| what lets a page open a socket | `TICKETS#<sha256>` / `ticket` | get |
| a tenant's account at a catalogue of songs | `LINKS#<tenant>` / `<catalogue>` | get |
| link that waits for its owner's consent | `CONSENTS#<sha256>` / `consent` | get |
| a tenant's key for a service elsewhere | `VENDORKEYS#<tenant>` / `<service>` | get |
| computation sent elsewhere, and by its number there | `ERRANDS#<tenant>` / `<fingerprint>`, `task#...` | get |
| song by id, songs newest first | `SONGS#<tenant>` / `<song>` | get, query |
| which song a catalogue's is | `FOUND#<tenant>` / `<catalogue>:<its id>` | get |
| usage of a tenant by day, and by month of old | `USAGE#<tenant>` / `<yyyy-mm-dd>#<shard>`, `<yyyy-mm>#...` | query |
| what a stage spent on a day | `COSTS#<yyyy-mm-dd>#<shard>` / `<tenant>#<dialect>/<workflow>` | query |
| what a tenant spent and set aside in a month | `SPENT#<tenant>` / `<yyyy-mm>` | get |
| whether a tenant was warned of a budget | `WARNED#<tenant>` / `<period>#<percent>#<budget>` | get |
| what an idempotency key made | `ONCE#<tenant>` / `<sha256>` | get |
| registered webhook endpoints | `ENDPOINTS#<tenant>` / `<endpoint>` | get, query |
| signing secret of an application or endpoint | `SIGNING#<tenant>` / `<its id>` | get |
| notices to receivers, newest first | `NOTICES#<tenant>` / `<notice>` | get, query |
| notices of all tenants that are due | index `by_open`, `DUE#<five minutes>#<shard>` | index query, keys only |
| where a search for what is due stands | `SWEEPS` / `<of what>` | get |
| events of a tenant, in order of arrival | `EVENTS#<tenant>` / `<place>` | query |
| whether an event has arrived | `SEEN#<tenant>#<event>` / `event` | conditional write |

Identifiers are UUID version 7, so sort keys are in order of creation. One tenant's jobs share a partition, which
DynamoDB splits by sort key as it grows; `by_open` is sharded because all tenants write to it.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.base import Entity
from patchbay.domain.groups import JobGroup
from patchbay.domain.jobs import Job, Output
from patchbay.domain.steps import Step
from patchbay.domain.tracks import Track
from patchbay.domain.users import ApiKey, Application, User
from patchbay.domain.webhooks import Endpoint, Notice, NoticeState
from patchbay.ports import Key, Put, Record

OPEN_SHARDS = 8
USAGE_SHARDS = 16
DUE_SHARDS = 4
DUE_S = 300
"""Notices that fall due within the same so many seconds share a partition of `by_open`."""
KEPT_SHARDS = 4
KEPT_S = 3600
"""The same of assets whose time ends."""
NOTICES_KEPT = timedelta(days=30)
PENDING_KEPT = timedelta(days=2)
E = TypeVar("E", bound=Entity)


class KeyOfEmail(Entity):
    """Which user has an e-mail address."""

    user_id: str


class Numbered(Entity):
    """What a public number is of."""

    tenant_id: str
    thing_id: str


class StoredResult(Entity):
    """The outputs of a computation that was done once."""

    outputs: tuple[Output, ...]


def user_key(user_id: str) -> Key:
    """Key of a user."""
    return f"USERS#{user_id}", "profile"


def email_key(email: str) -> Key:
    """Key of the record that makes an address unique."""
    return f"EMAILS#{email}", "user"


def number_key(kind: str, number: int) -> Key:
    """Key of what a public number is of: a partition for each, so that none is hot."""
    return f"NUMBERS#{kind}#{number}", "thing"


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


def claim_key(tenant_id: str, fingerprint: str) -> Key:
    """Key of who is at a computation."""
    return f"CLAIMS#{tenant_id}", fingerprint


def turn_key(what: str) -> Key:
    """Key of whose turn it is."""
    return f"TURNS#{what}", "turn"


def group_key(tenant_id: str, group_id: str) -> Key:
    """Key of jobs ordered together."""
    return f"GROUPS#{tenant_id}", group_id


def track_key(tenant_id: str, track_id: str) -> Key:
    """Key of a track."""
    return f"TRACKS#{tenant_id}", track_id


def once_key(tenant_id: str, name: str) -> Key:
    """Key of what an idempotency key made."""
    return f"ONCE#{tenant_id}", name


def endpoint_key(tenant_id: str, endpoint_id: str) -> Key:
    """Key of a registered webhook endpoint."""
    return f"ENDPOINTS#{tenant_id}", endpoint_id


def signing_key(tenant_id: str, owner_id: str) -> Key:
    """Key of the secret that an application's or an endpoint's notices are signed with."""
    return f"SIGNING#{tenant_id}", owner_id


def notice_key(tenant_id: str, notice_id: str) -> Key:
    """Key of a notice."""
    return f"NOTICES#{tenant_id}", notice_id


def event_key(tenant_id: str, place: str) -> Key:
    """Key of an event as kept for its owner."""
    return f"EVENTS#{tenant_id}", place


def seen_key(tenant_id: str, event_id: str) -> Key:
    """Key of the mark that an event has arrived: a partition for each, so that none is hot."""
    return f"SEEN#{tenant_id}#{event_id}", "event"


def due_partitions(number: int) -> list[str]:
    """Partitions of `by_open` of the notices that fall due in a stretch of `DUE_S` seconds."""
    return [f"DUE#{number}#{shard}" for shard in range(DUE_SHARDS)]


def due_number(when: datetime) -> int:
    """Number of the stretch that a time is in."""
    return int(when.timestamp()) // DUE_S


def kept_partitions(number: int) -> list[str]:
    """Partitions of `by_open` of the assets whose time ends in a stretch of `KEPT_S` seconds."""
    return [f"KEPT#{number}#{shard}" for shard in range(KEPT_SHARDS)]


def kept_number(when: datetime) -> int:
    """Number of the stretch that a time is in."""
    return int(when.timestamp()) // KEPT_S


def sweep_key(name: str) -> Key:
    """Key of where a search for what is due stands."""
    return "SWEEPS", name


def open_shard(job_id: str) -> str:
    """Partition of `by_open` that an open job is in."""
    return f"OPEN#{spread(job_id, OPEN_SHARDS)}"


def spread(name: str, shards: int) -> int:
    """The shard that a name is in, always the same."""
    return zlib.crc32(name.encode()) % shards


def record(
    key: Key, kind: str, entity: Entity, *, indexes: Mapping[str, str] | None = None, expires_at: int | None = None
) -> Record:
    """The record of an entity, under the version after the one it was read at."""
    body = entity.model_dump_json(exclude={"version"}, exclude_defaults=True)
    return Record(*key, kind, body, entity.version + 1, indexes or {}, expires_at, entity.FORM)


def put(
    key: Key,
    kind: str,
    entity: Entity,
    *,
    indexes: Mapping[str, str] | None = None,
    expires: datetime | None = None,
) -> Put:
    """The write of an entity on the condition that the stored one still has the version that was read."""
    expires_at = int(expires.timestamp()) if expires else None
    return Put(record(key, kind, entity, indexes=indexes, expires_at=expires_at), expected=entity.version)


def entity(model: type[E], stored: Record) -> E:
    """The entity of a record."""
    found = model.stored(stored.body, stored.form)
    found.__dict__["version"] = stored.version  # nobody has seen it yet, and a copy costs as much as half the parsing
    return found


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


def ends_at(asset: Asset) -> datetime | None:
    """When the sweep is to remove an asset: at the end of its time, or, if its bytes never come, after two days."""
    never = asset.state is AssetState.PENDING and asset.counted_bytes is not None
    ends = [asset.keep_until, asset.created_at + PENDING_KEPT if never else None]
    return min((end for end in ends if end is not None), default=None)


def put_asset(asset: Asset) -> Put:
    """Write of an asset. One whose bytes never come is forgotten; one whose time ends is found by when it does.

    One that counts may not just be dropped by the store: the sweep finds it, and gives back what it counts for.
    """
    dropped = asset.state is AssetState.PENDING and asset.counted_bytes is None
    forget = asset.created_at + PENDING_KEPT if dropped else None
    indexes = {}
    if (ends := ends_at(asset)) is not None:
        indexes["by_open"] = kept_partitions(kept_number(ends))[spread(asset.id, KEPT_SHARDS)]
    return put(asset_key(asset.tenant_id, asset.id), "asset", asset, indexes=indexes, expires=forget)


def put_job(job: Job) -> Put:
    """Write of a job with all that it is listed by. It is open as long as somebody has to look after it."""
    tenant = job.tenant_id
    indexes = {"by_state": f"{tenant}#{job.state}", "by_workflow": f"{tenant}#{job.workflow}"}
    if job.batch_name:
        indexes["by_batch"] = f"{tenant}#{job.batch_name}"
    if not job.state.terminal or job.told_at is None:
        indexes["by_open"] = open_shard(job.id)
    return put(job_key(tenant, job.id), "job", job, indexes=indexes)


def put_step(step: Step, expires_at: int) -> Put:
    """Write of a step."""
    return Put(record(step_key(step.job_id, step.index), "step", step, expires_at=expires_at), expected=step.version)


def put_group(group: JobGroup) -> Put:
    """Write of jobs ordered together."""
    return put(group_key(group.tenant_id, group.id), "group", group)


def put_track(track: Track) -> Put:
    """Write of a track."""
    return put(track_key(track.tenant_id, track.id), "track", track)


def put_endpoint(endpoint: Endpoint) -> Put:
    """Write of a webhook endpoint."""
    return put(endpoint_key(endpoint.tenant_id, endpoint.id), "endpoint", endpoint)


def put_notice(notice: Notice) -> Put:
    """Write of a notice, found by when it is due as long as it waits."""
    waits = notice.state is NoticeState.PENDING
    shards = due_partitions(due_number(notice.due_at))
    indexes = {"by_open": shards[spread(notice.id, DUE_SHARDS)]} if waits else {}
    key = notice_key(notice.tenant_id, notice.id)
    return put(key, "notice", notice, indexes=indexes, expires=notice.created_at + NOTICES_KEPT)


def body_bytes(model: BaseModel) -> int:
    """Size of an entity's body as stored."""
    return len(model.model_dump_json().encode())
