"""Where adapters meet the core. Nothing else imports both."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchbay.catalog.models import Shelf
from patchbay.core.accounts import Accounts
from patchbay.core.assets import Assets, Limits
from patchbay.core.groups import Groups
from patchbay.core.idempotency import Idempotency
from patchbay.core.jobs import Jobs
from patchbay.core.limits import RateLimits
from patchbay.domain.base import utc_now
from patchbay.domain.errors import Unavailable
from patchbay.domain.tasks import ComputeClass
from patchbay.ports import (
    Bus,
    Clock,
    Executions,
    Launcher,
    NoticeMessage,
    NoticeQueue,
    Objects,
    Passwords,
    Record,
    Records,
    TaskQueues,
    Tokens,
    Web,
)
from patchbay.settings import Settings, settings

if TYPE_CHECKING:
    from patchbay.core.delivery import Delivery
    from patchbay.core.endpoints import Endpoints
    from patchbay.core.folders import Folders
    from patchbay.core.identity import Identity
    from patchbay.core.licences import Licences
    from patchbay.core.notices import Notices
    from patchbay.core.people import People
    from patchbay.core.picture_uploads import PictureUploads
    from patchbay.core.pipeline import Pipeline
    from patchbay.core.reconciler import Reconciler
    from patchbay.core.retention import Retention
    from patchbay.core.samples import Samples
    from patchbay.core.search import Search
    from patchbay.core.tasks import Tasks
    from patchbay.core.tracks import Tracks
    from patchbay.core.usage import Usage


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See `Clock`."""
        return utc_now()


@dataclass(frozen=True)
class Services:
    """The product, wired for one process. Parts are made when first asked for: a Lambda pays for what it uses."""

    settings: Settings

    @cached_property
    def clock(self) -> Clock:
        """The time."""
        return SystemClock()

    @cached_property
    def shelf(self) -> Shelf:
        """The models that may run here."""
        return Shelf(self.settings.installed_models, self.settings.allow_research_weights)

    @cached_property
    def limits(self) -> Limits:
        """What this stage takes."""
        told = self.settings
        kept = timedelta(days=told.uploads_kept_days) or None
        return Limits(told.max_upload_bytes, told.max_duration_s, told.upload_ttl_s, told.link_ttl_s, kept)

    @cached_property
    def retention(self) -> timedelta:
        """How long results are kept."""
        return timedelta(days=self.settings.retention_days)

    @cached_property
    def records(self) -> Records:
        """The table."""
        from patchbay.adapters.aws.table import Table

        return Table(self.settings.table)

    @cached_property
    def objects(self) -> Objects:
        """The media bucket."""
        from patchbay.adapters.aws.objects import Bucket

        return Bucket(self.settings.media_bucket, self.settings.objects_url)

    @cached_property
    def executions(self) -> Executions:
        """The state machine."""
        from patchbay.adapters.aws.executions import StateMachine

        return StateMachine(self.settings.state_machine_arn)

    @cached_property
    def queues(self) -> TaskQueues:
        """The task queues."""
        from patchbay.adapters.aws.queues import Queues

        return Queues(_per_class(self.settings, "queue_url"))

    @cached_property
    def launcher(self) -> Launcher:
        """How workers are started."""
        from patchbay.adapters.aws import launchers

        told = self.settings
        if told.launcher == "batch":
            queues, definitions = _per_class(told, "batch_queue"), _per_class(told, "batch_definition")
            return launchers.BatchLauncher(self.queues, queues, definitions, told.max_workers)
        if told.launcher == "sagemaker":
            return launchers.SageMakerLauncher(
                self.queues,
                told.sagemaker_role_arn,
                _per_class(told, "sagemaker_image"),
                {"gpu": "ml.g5.xlarge", "cpu": "ml.m5.xlarge"},
                worker_environment(told),
                told.max_workers,
                told.stage,
            )
        return launchers.NoLauncher()

    @cached_property
    def bus(self) -> Bus:
        """The event bus."""
        from patchbay.adapters.aws.bus import EventBus

        return EventBus(self.settings.bus_name)

    @cached_property
    def notice_queue(self) -> NoticeQueue:
        """The queue of attempts to reach receivers."""
        from patchbay.adapters.aws.notices import NoticeMessages

        return NoticeMessages(self.settings.notice_queue_url, self.settings.dead_notice_queue_url)

    @cached_property
    def web(self) -> Web:
        """HTTP to users' addresses."""
        from patchbay.adapters.web.client import SafeWeb

        return SafeWeb(allow_private=self.settings.allow_private_urls, ca_file=self.settings.extra_ca or None)

    @cached_property
    def accounts(self) -> Accounts:
        """Users and keys."""
        return Accounts(self.records, self.clock)

    @cached_property
    def passwords(self) -> Passwords:
        """The user pool."""
        from patchbay.adapters.aws.cognito import UserPool

        return UserPool(self.settings.user_pool_id, self.settings.user_pool_client_id)

    @cached_property
    def tokens(self) -> Tokens:
        """What checks the user pool's tokens."""
        from patchbay.adapters.aws import cognito
        from patchbay.adapters.jose.verifier import JwtVerifier

        pool_id = self.settings.user_pool_id
        keys = partial(cognito.published_keys, pool_id)
        return JwtVerifier(cognito.issuer(pool_id), self.settings.user_pool_client_id, keys, self.clock)

    @cached_property
    def people(self) -> "People":
        """Users, to each other."""
        from patchbay.core.people import People

        return People(self.records, self.clock, self.accounts, self.passwords, self.objects)

    @cached_property
    def identity(self) -> "Identity":
        """Who signs in."""
        from patchbay.core.identity import Identity

        return Identity(self.records, self.clock, self.accounts, self.people, self.passwords, self.tokens)

    @cached_property
    def assets(self) -> Assets:
        """Uploads."""
        from patchbay.adapters.media.probe import ChildProber

        return Assets(self.records, self.objects, self.web, ChildProber(), self.clock, self.limits)

    @cached_property
    def jobs(self) -> Jobs:
        """Jobs."""
        return Jobs(self.records, self.objects, self.executions, self.assets, self.clock, self.shelf)

    @cached_property
    def groups(self) -> Groups:
        """Jobs ordered together."""
        return Groups(self.records, self.jobs)

    @cached_property
    def tracks(self) -> "Tracks":
        """Music to compose."""
        from patchbay.core.tracks import Tracks

        return Tracks(self.records, self.jobs)

    @cached_property
    def samples(self) -> "Samples":
        """Pieces of audio to show and use."""
        from patchbay.core.samples import Samples

        return Samples(self.records, self.assets, self.jobs, self.objects, self.clock)

    @cached_property
    def picture_uploads(self) -> "PictureUploads":
        """Pictures on their way in."""
        from patchbay.core.picture_uploads import PictureUploads

        return PictureUploads(self.objects, self.settings.upload_ttl_s)

    @cached_property
    def folders(self) -> "Folders":
        """What samples are kept in."""
        return self.samples.folders

    @cached_property
    def licences(self) -> "Licences":
        """On what terms samples may be used."""
        from patchbay.core.licences import Licences

        return Licences(self.records, self.samples, self.clock)

    @cached_property
    def search(self) -> "Search":
        """What finds samples."""
        from patchbay.core.search import Search

        return Search(self.records, self.clock)

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

        return Endpoints(self.records, self.web, self.clock)

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
        )

    @cached_property
    def reconciler(self) -> "Reconciler":
        """What keeps jobs from hanging."""
        from patchbay.core.reconciler import Reconciler

        return Reconciler(self.records, self.executions, self.queues, self.pipeline, self.clock)

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
    def delivery(self) -> "Delivery":
        """Sending results away."""
        from patchbay.core.delivery import Delivery

        return Delivery(self.records, self.objects, self.web, self.clock)

    def fetch_weights(self, name: str, path: Path) -> None:
        """Copy a file of the `weights` setting, named relative to it, to `path`; what it is worth, the caller checks.

        Raises FileNotFoundError if it is not there, `Unavailable` where this process knows of no place at all: another
        worker may.
        """
        place = self.settings.weights
        if not place:
            raise Unavailable("this worker knows of no weights (PATCHBAY_WEIGHTS is not set)")
        if place.startswith("s3://"):
            from patchbay.adapters.aws import weights

            weights.download(place, name, path)
        else:
            shutil.copyfile(Path(place) / name, path)


@cache
def services() -> Services:
    """This process's services."""
    return Services(settings())


def stream_changes(event: Mapping[str, Any]) -> list[tuple[str, Record | None, Record | None]]:
    """(sequence number, old, new) of each change in an event of the table's stream."""
    from patchbay.adapters.aws.table import stream_changes as parse

    return parse(event)


def notice_message(body: str) -> NoticeMessage:
    """A message of the notice queue. Raises ValueError for what is none."""
    from patchbay.adapters.aws.notices import parse

    return parse(body)


def deployment_environment(stage: str) -> dict[str, str]:
    """Settings of a program that joins a deployed stage with the AWS credentials at hand."""
    from patchbay.adapters.aws import deployment

    return deployment.environment(stage)


def worker_environment(told: Settings) -> dict[str, str]:
    """The environment that a worker of this deployment needs."""
    names = (
        "stage",
        "table",
        "media_bucket",
        "weights",
        "models",
        "state_machine_arn",
        "queue_url_gpu",
        "queue_url_cpu",
        "retention_days",
    )
    given = {f"PATCHBAY_{name.upper()}": str(getattr(told, name)) for name in names}
    return {**given, "PATCHBAY_ALLOW_RESEARCH_WEIGHTS": str(told.allow_research_weights).lower()}


def _per_class(told: Settings, setting: str) -> dict[ComputeClass, str]:
    return {"gpu": getattr(told, f"{setting}_gpu"), "cpu": getattr(told, f"{setting}_cpu")}
