"""What one account stores and has ordered, and how much of it may be: exact counts, written with what they count.

The figures of an account (`files`, `bytes`, `jobs` that are not over) lie together in one record, and change in the
transaction that makes or ends the thing: a process that dies leaves both or neither. A thing knows whether it was
counted, so nothing is given back that was never taken. Where nothing is bounded nothing is counted, read or written.

Cost: one write (two units, as all in a transaction) and two reads for each request that makes something, one write
when a file's size is known, one when a job ends, a file goes. What was there before bounds were set is counted by
`count_old`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from patchbay.core import layout, store
from patchbay.core.layout_videos import put_video, video_key
from patchbay.domain.assets import Asset, AssetState
from patchbay.domain.errors import QuotaExceeded, Unavailable
from patchbay.domain.jobs import Job, JobState
from patchbay.domain.users import Plan, User
from patchbay.domain.videos import Video
from patchbay.ports import AddWithin, Delete, Key, Put, Records, Write, WriteConflict

Kept = type[Asset] | type[Video] | type[Job]
_GIB = 1024**3
_WORDS = {
    "files": ("files", "delete some"),
    "bytes": ("bytes of files", "delete some files"),
    "jobs": ("jobs that are not over", "wait until some are done, or cancel some"),
}


@dataclass(frozen=True, slots=True)
class Caps:
    """How much one account may have at once; 0: no bound."""

    files: int = 0
    bytes: int = 0
    jobs: int = 0

    @property
    def bounded(self) -> dict[str, int]:
        """Name of a figure -> its bound, where there is one."""
        told = {"files": self.files, "bytes": self.bytes, "jobs": self.jobs}
        return {name: most for name, most in told.items() if most}

    def scaled(self, scale: int) -> "Caps":
        """The same, `scale` times as large."""
        return Caps(self.files * scale, self.bytes * scale, self.jobs * scale)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Figures of accounts, and their bounds by plan; a plan that is not here has none."""

    records: Records
    caps: Mapping[Plan, Caps] = field(default_factory=dict)

    def standing(self, tenant_id: str) -> dict[str, tuple[int, int]]:
        """Name of each figure that is bounded -> (what there is, what there may be); empty where nothing is."""
        bounded = self._bounded(tenant_id)
        used = self.records.figures(held_key(tenant_id)) if bounded else {}
        return {name: (used.get(name, 0), most) for name, most in bounded.items()}

    def take(self, tenant_id: str, *, files: int = 0, size_bytes: int = 0, jobs: int = 0) -> tuple[AddWithin, ...]:
        """What to write together with new things: empty where nothing is bounded. Raises `QuotaExceeded`.

        Files whose size is not known yet have to leave room for a byte each.
        """
        bounded = self._bounded(tenant_id)
        if not bounded:
            return ()
        amounts = {name: n for name, n in {"files": files, "bytes": size_bytes, "jobs": jobs}.items() if n}
        used = self.records.figures(held_key(tenant_id))
        for name, amount in {**({"bytes": files} if files else {}), **amounts}.items():
            _check(name, used.get(name, 0), amount, bounded.get(name))
        most = {name: bounded[name] for name, amount in amounts.items() if name in bounded and amount > 0}
        return (AddWithin(held_key(tenant_id), amounts, most),) if amounts else ()

    def new(self, tenant_id: str, asset: Asset | None, jobs: Sequence[Job] = ()) -> tuple[Write, ...]:
        """What stores a new asset and new jobs, each marked as counted if it is. Raises `QuotaExceeded`."""
        size_bytes = (asset.size_bytes or 0) if asset else 0
        charge = self.take(tenant_id, files=int(asset is not None), size_bytes=size_bytes, jobs=len(jobs))
        if charge:
            asset = asset.model_copy(update={"counted_bytes": size_bytes}) if asset else None
            jobs = [job.model_copy(update={"counted": True}) for job in jobs]
        new = [layout.put_asset(asset)] if asset else []
        return (*(layout.put_job(job) for job in jobs), *new, *charge)

    def settled(self, asset: Asset) -> tuple[Asset, tuple[AddWithin, ...]]:
        """An asset that was just looked at, rejected if there is no room for it, and what to write with it."""
        if asset.state is not AssetState.REJECTED:
            try:
                return self._sized(asset, asset.size_bytes or 0)
            except QuotaExceeded as error:
                asset = asset.model_copy(update={"state": AssetState.REJECTED, "reason": str(error), "audio": None})
        return self._sized(asset, 0) if asset.counted_bytes else (asset, ())

    def _sized(self, asset: Asset, size_bytes: int) -> tuple[Asset, tuple[AddWithin, ...]]:
        counted = asset.counted_bytes
        charge = self.take(asset.tenant_id, files=int(counted is None), size_bytes=size_bytes - (counted or 0))
        if counted is None and not charge:
            return asset, ()
        if not charge and size_bytes != counted:  # it was bounded once
            charge = (AddWithin(held_key(asset.tenant_id), {"bytes": size_bytes - (counted or 0)}),)
        return asset.model_copy(update={"counted_bytes": size_bytes}), charge

    def count_old(self, tenant_id: str) -> int:
        """Count what was there before anything was, bounds or not; returns how much. Repeating it is safe."""
        return sum(self._counted(tenant_id, key, kind) for key, kind in self._old(tenant_id))

    def _counted(self, tenant_id: str, key: Key, kind: Kept) -> bool:
        """Count one thing, unless it is counted or gone."""
        for _ in store.attempts():
            found = store.load(self.records, kind, key)
            counted = _as_counted(found) if found is not None else None
            if counted is None:
                return False
            put, amounts = counted
            try:
                self.records.write(put, AddWithin(held_key(tenant_id), amounts))
            except WriteConflict:
                continue
            return True
        return False

    def _old(self, tenant_id: str) -> Iterator[tuple[Key, Kept]]:
        before: str | None
        stored: tuple[tuple[str, Kept], ...] = (
            (layout.asset_key(tenant_id, "")[0], Asset),
            (video_key(tenant_id, "")[0], Video),
        )
        for partition, kind in stored:
            before = None
            while page := self.records.query(partition, limit=100, before=before):
                before = page[-1].sk
                yield from ((found.key, kind) for found in page)
        for state in (JobState.QUEUED, JobState.STARTED):
            before = None
            while keys := self.records.index_keys("by_state", f"{tenant_id}#{state}", limit=100, before=before):
                before = keys[-1][1]
                yield from ((key, Job) for key in keys)

    def _bounded(self, tenant_id: str) -> dict[str, int]:
        if not any(caps.bounded for caps in self.caps.values()):
            return {}
        user = store.load(self.records, User, layout.user_key(tenant_id))
        return self.caps.get(user.plan if user else "standard", Caps()).bounded


def _as_counted(found: Asset | Video | Job) -> tuple[Put, dict[str, int]] | None:
    """What marks a thing as counted, and what it counts for; None if it is counted, or does not count."""
    if isinstance(found, Job):
        if found.counted or found.state.terminal:
            return None
        return layout.put_job(found.model_copy(update={"counted": True})), {"jobs": 1}
    if found.counted_bytes is not None:
        return None
    if isinstance(found, Video):
        if found.info is None:  # its bytes are counted when they are taken
            return None
        size_bytes = found.size_bytes or 0
        put = put_video(found.model_copy(update={"counted_bytes": size_bytes}))
    else:
        size_bytes = 0 if found.state is AssetState.REJECTED else found.size_bytes or 0
        put = layout.put_asset(found.model_copy(update={"counted_bytes": size_bytes}))
    return put, {"files": 1, "bytes": size_bytes}


def held_key(tenant_id: str) -> Key:
    """Key of an account's figures."""
    return f"HELD#{tenant_id}", "figures"


def returned(asset: Asset) -> tuple[AddWithin, ...]:
    """What to write together with the end of an asset."""
    if asset.counted_bytes is None:
        return ()
    return (AddWithin(held_key(asset.tenant_id), {"files": -1, "bytes": -asset.counted_bytes}),)


def forget(records: Records, tenant_id: str, asset_id: str) -> None:
    """Remove an asset's record and what it counts for, once, whoever else does. Raises `Unavailable`."""
    key = layout.asset_key(tenant_id, asset_id)
    for _ in store.attempts():
        found = store.load(records, Asset, key)
        if found is None:
            return
        try:
            records.write(Delete(key, expected=found.version), *returned(found))
        except WriteConflict:
            continue
        return
    raise Unavailable("too many changes at once; try again")


def check_room(records: Records, charge: AddWithin) -> None:
    """Raises `QuotaExceeded` if there is no room for it, as things are now."""
    used = records.figures(charge.key)
    for name, most in charge.most.items():
        _check(name, used.get(name, 0), charge.amounts[name], most)


def put_job(job: Job) -> tuple[Write, ...]:
    """Writes of a job that may be over now: then it is not counted any more."""
    if not (job.counted and job.state.terminal):
        return (layout.put_job(job),)
    put: Put = layout.put_job(job.model_copy(update={"counted": False}))
    return put, AddWithin(held_key(job.tenant_id), {"jobs": -1})


def _check(name: str, used: int, amount: int, most: int | None) -> None:
    if most is None or amount <= 0 or used + amount <= most:
        return
    what, way_out = _WORDS[name]
    told = f"this account may have {_told(name, most)} {what}, and has {_told(name, used)}"
    raise QuotaExceeded(f"{told}: {way_out}, or ask the operator for a larger plan", what=name, used=used, most=most)


def _told(name: str, figure: int) -> str:
    return f"{figure} ({figure / _GIB:.2f} GiB)" if name == "bytes" and figure >= _GIB // 100 else str(figure)
