"""The whole product over fakes: the real wiring, with every port replaced."""

from dataclasses import dataclass

from patchbay.adapters.jose.verifier import JwtVerifier
from patchbay.bootstrap import Services
from patchbay.core import layout
from patchbay.core.assets import Assets
from patchbay.core.identity import Identity
from patchbay.core.jobs import Order
from patchbay.core.people import People
from patchbay.core.search.kinds import KINDS
from patchbay.domain.assets import Asset
from patchbay.domain.jobs import Job, Output
from patchbay.domain.users import Application, Caller
from patchbay.settings import Settings
from tests.fakes.bus import FakeBus
from tests.fakes.clock import FakeClock
from tests.fakes.executions import FakeExecutions
from tests.fakes.films import FakeFilmProber
from tests.fakes.notices import FakeNoticeQueue
from tests.fakes.objects import FakeObjects
from tests.fakes.passwords import CLIENT, ISSUER, FakePasswords
from tests.fakes.prober import GOOD, FakeProber
from tests.fakes.queues import FakeLauncher, FakeQueues
from tests.fakes.records import FakeRecords
from tests.fakes.web import FakeWeb
from tests.fakes.wire import FakeWire


@dataclass(frozen=True)
class Tenant:
    """A user with a key."""

    caller: Caller
    application: Application
    secret: str

    @property
    def id(self) -> str:
        return self.caller.tenant_id


class World:
    """`services` as `bootstrap.services()` would give it, and the fakes behind it."""

    def __init__(self, settings: Settings | None = None, records: FakeRecords | None = None) -> None:
        self.clock = FakeClock()
        self.records = records or FakeRecords()
        self.objects = FakeObjects()
        self.executions = FakeExecutions()
        self.queues = FakeQueues(self.clock)
        self.launcher = FakeLauncher()
        self.web = FakeWeb()
        self.wire = FakeWire()
        self.prober = FakeProber()
        self.films = FakeFilmProber()
        self.bus = FakeBus()
        self.notice_queue = FakeNoticeQueue(self.clock)
        self.passwords = FakePasswords(self.clock)
        self.followed = 0
        # Most tests make all their requests within one moment: quotas are for those that ask for them.
        self.services = Services(settings or Settings(stage="test", rate_limit_scale=1000))
        self.services.__dict__["socket_wire"] = self.wire
        # The parts are cached properties: what is there already is never made.
        names = ("clock", "records", "objects", "executions", "queues", "launcher", "web", "bus", "notice_queue")
        self.services.__dict__.update({name: getattr(self, name) for name in (*names, "passwords")})
        self.services.__dict__["tokens"] = JwtVerifier(ISSUER, CLIENT, self.passwords.published_keys, self.clock)
        people = People(self.records, self.clock, self.services.accounts, self.passwords, self.objects, self.pause)
        self.services.__dict__["people"] = people
        self.services.__dict__["identity"] = Identity(
            self.records, self.clock, self.services.accounts, people, self.passwords, self.services.tokens, self.pause,
            self.services.settings.verify_email, self.services.settings.rate_limit_scale,
        )  # fmt: skip
        limits = self.services.limits
        assets = Assets(self.records, self.objects, self.web, self.prober, self.clock, limits, self.pause)
        self.services.__dict__["assets"] = assets
        self.services.__dict__["film_prober"] = self.films

    def pause(self, seconds: float) -> None:
        """Time passes while somebody waits."""
        self.clock.advance(seconds=seconds)

    def index_samples(self) -> None:
        """The search index follows the samples and projects that changed since the last call."""
        changed, self.followed = self.records.changes[self.followed :], len(self.records.changes)
        for change in changed:
            old, new = (
                layout.entity(KINDS[one.kind].model, one) if one and one.kind in KINDS else None for one in change
            )
            self.services.search.index(old, new)

    def tenant(self, email: str = "ada@example.org") -> Tenant:
        """A user with a default application and a key."""
        accounts = self.services.accounts
        user = accounts.ensure_user(email, anyway=True)
        application = accounts.applications(user.id)[0]
        _, secret = accounts.create_key(application)
        return Tenant(accounts.authenticate(secret), application, secret)

    def upload(self, tenant: Tenant, data: bytes = GOOD) -> Asset:
        """An asset whose bytes have arrived."""
        asset = self.services.assets.create(tenant.id)
        self.objects.put(asset.incoming_key, data)
        return asset

    def order(self, tenant: Tenant, **changes: object) -> Job:
        """A job of the workflow `stem-isolation-4` on a fresh upload, or of another as `changes` say."""
        given: dict[str, object] = {"workflow": "stem-isolation-4", "dialect": "musicai", **changes}
        if not {"input_url", "input_asset_id"} & given.keys():
            given["input_asset_id"] = self.upload(tenant).id
        order = Order(tenant.id, tenant.caller.application_id, **given)  # type: ignore[arg-type]
        return self.services.jobs.submit(order)

    def carry_out(self, job: Job) -> Job:
        """Plan a job and do its steps, each output a small object."""
        pipeline, tasks = self.services.pipeline, self.services.tasks
        for planned in pipeline.plan(job.tenant_id, job.id):
            if planned.compute == "light":
                self.services.delivery.run(job.tenant_id, job.id, planned.step)
                continue
            pipeline.dispatch(job.tenant_id, job.id, planned.step, f"token-{job.id}-{planned.step}")
            message = self.queues.sent[-1][1]
            _, step = tasks.lease(message, "worker")
            assert step is not None
            outputs = []
            for name in (str(n) for n in step.params.get("stems") or [given.name for given in step.inputs]):
                key = tasks.output_key(step, f"{name}.wav", "0" * 64)
                self.objects.put(key, GOOD, "audio/wav")
                outputs.append(Output(name=name, key=key, media_type="audio/wav", size_bytes=len(GOOD)))
            tasks.complete(message, step, outputs, 1.0)
        pipeline.finish(job.tenant_id, job.id)
        return self.services.jobs.get(job.tenant_id, job.id)
