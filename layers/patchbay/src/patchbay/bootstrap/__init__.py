"""Where adapters meet the core. Nothing else imports both."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from patchbay.bootstrap.making import Making
from patchbay.core.idempotency import Idempotency
from patchbay.core.limits import RateLimits
from patchbay.ports import NoticeMessage, Record, StemVendor
from patchbay.settings import settings

if TYPE_CHECKING:
    from patchbay.adapters.otlp.exporter import Exporter
    from patchbay.adapters.web.outside import Look
    from patchbay.core.backup import Backup
    from patchbay.core.browsers import Browsers
    from patchbay.core.delivery import Delivery
    from patchbay.core.downloads import Downloads
    from patchbay.core.endpoints import Endpoints
    from patchbay.core.erasure import Erasure
    from patchbay.core.identity import Identity
    from patchbay.core.links import Links
    from patchbay.core.lookups import Lookups
    from patchbay.core.notices import Notices
    from patchbay.core.people import People
    from patchbay.core.pipeline import Pipeline
    from patchbay.core.reconciler import Reconciler
    from patchbay.core.retention import Retention
    from patchbay.core.settling import Settling
    from patchbay.core.sockets import Sockets
    from patchbay.core.takeout import Takeout
    from patchbay.core.tasks import Tasks
    from patchbay.core.usage import Usage
    from patchbay.domain.errands import Errand
    from patchbay.domain.steps import Step


@dataclass(frozen=True)
class Services(Making):
    """The product, wired for one process. Parts are made when first asked for: a Lambda pays for what it uses."""

    @cached_property
    def people(self) -> "People":
        """Users, to each other."""
        from patchbay.core.people import People

        return People(self.records, self.clock, self.accounts, self.passwords, self.objects)

    @cached_property
    def identity(self) -> "Identity":
        """Who signs in."""
        from patchbay.core.identity import Identity

        parts = (self.accounts, self.people, self.passwords, self.tokens)
        verifies, scale = self.settings.verify_email, self.settings.tries_scale
        return Identity(self.records, self.clock, *parts, verifies=verifies, tries_scale=scale)

    @cached_property
    def sockets(self) -> "Sockets":
        """Open sockets."""
        from patchbay.core.sockets import Sockets

        return Sockets(self.records, self.clock, self.accounts, self.identity, self.jobs, self.socket_wire)

    @cached_property
    def lookups(self) -> "Lookups":
        """Songs by their addresses."""
        from patchbay.core.lookups import Lookups

        return Lookups(self.songs, self.song_catalogue, self.links)

    @cached_property
    def downloads(self) -> "Downloads":
        """The audio of songs."""
        from patchbay.core.downloads import Downloads

        return Downloads(self.songs, self.jobs, self.audio_providers)

    @cached_property
    def links(self) -> "Links":
        """Links to people's accounts elsewhere."""
        from patchbay.core.links import Links

        return Links(self.records, self.clock, self.vault, self.song_accounts)

    def errand_of(self, step: "Step", worker_id: str) -> "Errand | None":
        """What speaks to a service elsewhere for the owner of a step; None for steps that are done here."""
        from patchbay.core.errands import errand_of

        def vendor() -> StemVendor:
            return self.stem_vendor

        return errand_of(
            step, worker_id, records=self.records, clock=self.clock, vendor=vendor, keys=lambda: self.held_keys
        )

    @cached_property
    def browsers(self) -> "Browsers":
        """Who signs in with a browser."""
        from patchbay.core.browsers import Browsers

        return Browsers(self.records, self.clock, self.identity)

    @cached_property
    def settling(self) -> "Settling":
        """What becomes of jobs that are over."""
        from patchbay.core.settling import Settling

        return Settling(self.jobs, (self.samples, self.generations))

    @cached_property
    def rate_limits(self) -> RateLimits:
        """Counts of requests."""
        return RateLimits(self.records, self.clock, self.settings.rate_limit_scale)

    @cached_property
    def idempotency(self) -> Idempotency:
        """Requests that are done once."""
        return Idempotency(self.records, self.clock)

    @cached_property
    def usage(self) -> "Usage":
        """What was used."""
        from patchbay.core.usage import Usage

        return Usage(self.records, self.clock)

    @cached_property
    def endpoints(self) -> "Endpoints":
        """Webhook endpoints and secrets."""
        from patchbay.core.endpoints import Endpoints

        return Endpoints(self.records, self.web, self.clock, self.vault)

    @cached_property
    def notices(self) -> "Notices":
        """Events on their way to receivers."""
        from patchbay.core.notices import Notices

        return Notices(self.records, self.notice_queue, self.endpoints, self.web, self.clock)

    @cached_property
    def pipeline(self) -> "Pipeline":
        """What the state machine calls."""
        from patchbay.core.pipeline import Pipeline

        return Pipeline(
            self.records,
            self.objects,
            self.executions,
            self.queues,
            self.launcher,
            self.assets,
            self.clock,
            self.shelf,
            self.ends,
        )

    @cached_property
    def reconciler(self) -> "Reconciler":
        """What keeps jobs from hanging."""
        from patchbay.catalog import warm
        from patchbay.core.reconciler import Reconciler

        stay = warm.parse(self.settings.warm)
        return Reconciler(self.records, self.executions, self.queues, self.pipeline, self.clock, stay)

    @cached_property
    def sweeper(self) -> "Retention":
        """What removes files whose time is over."""
        from patchbay.core.retention import Retention

        return Retention(self.records, self.assets, self.clock)

    @cached_property
    def tasks(self) -> "Tasks":
        """What workers call."""
        from patchbay.core.tasks import Tasks

        return Tasks(self.records, self.executions, self.clock, self.retention)

    @cached_property
    def erasure(self) -> "Erasure":
        """What erases people."""
        from patchbay.core.erasure import Erasure

        return Erasure(self.records, self.inventory, self.passwords, self.jobs, self.clock)

    @cached_property
    def takeout(self) -> "Takeout":
        """What gives people all that is theirs."""
        from patchbay.core.takeout import Takeout

        return Takeout(self.inventory)

    @cached_property
    def backup(self) -> "Backup":
        """Copies of all that is stored."""
        from patchbay.core.backup import Backup

        return Backup(self.inventory, self.objects, self.clock, self.settings.stage)

    @cached_property
    def delivery(self) -> "Delivery":
        """Sending results away."""
        from patchbay.core.delivery import Delivery

        return Delivery(self.records, self.objects, self.web, self.clock)


@cache
def services() -> Services:
    """This process's services."""
    return Services(settings())


@cache
def spans_of(service: str) -> "Exporter | None":
    """What sends this process's spans; None, and nothing imported for it, where none are recorded."""
    told = settings()
    if not told.otlp_endpoint:
        return None
    from patchbay.adapters.aws import signing
    from patchbay.adapters.otlp.exporter import Exporter
    from patchbay.core import tracing

    region = signing.xray_region(told.otlp_endpoint)
    resource = {
        "service.name": f"patchbay-{service}",
        "service.namespace": "patchbay",
        "deployment.environment.name": told.stage,
    }
    made = Exporter(told.otlp_endpoint, resource, signing.signer("xray", region) if region else None)
    tracing.record_to(made.add, ratio=told.otlp_ratio)
    return made


def look_outside(url: str) -> "Look":
    """What anybody sees of the public address `url`."""
    from patchbay.adapters.web.outside import look

    return look(f"{url}/patchbay/v1/health", ca_file=settings().extra_ca or None)


def stream_changes(event: Mapping[str, Any]) -> list[tuple[str, Record | None, Record | None]]:
    """(sequence number, old, new) of each change in an event of the table's stream."""
    from patchbay.adapters.aws.table import stream_changes as parse

    return parse(event)


def call_out(order: Mapping[str, Any]) -> dict[str, Any]:
    """Call a user's address for another process of this stage."""
    import tempfile
    from pathlib import Path

    from patchbay.adapters.aws.egress import serve

    with tempfile.TemporaryDirectory(prefix="egress-") as folder:
        return serve(order, services().near_web, Path(folder) / "file")


def notice_message(body: str) -> NoticeMessage:
    """A message of the notice queue. Raises ValueError for what is none."""
    from patchbay.adapters.aws.notices import parse

    return parse(body)


def deployment_environment(stage: str) -> dict[str, str]:
    """Settings of a program that joins a deployed stage with the AWS credentials at hand."""
    from patchbay.adapters.aws import deployment

    return deployment.environment(stage)
