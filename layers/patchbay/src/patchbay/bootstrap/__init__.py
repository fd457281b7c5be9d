"""Where adapters meet the core. Nothing else imports both."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from patchbay.bootstrap.outside import Outside
from patchbay.core.accounts import Accounts
from patchbay.core.assets import Assets
from patchbay.core.groups import Groups
from patchbay.core.idempotency import Idempotency
from patchbay.core.jobs import Jobs
from patchbay.core.limits import RateLimits
from patchbay.domain.users import Plan
from patchbay.ports import NoticeMessage, Record
from patchbay.settings import settings

if TYPE_CHECKING:
    from patchbay.core.browsers import Browsers
    from patchbay.core.credits import Credits
    from patchbay.core.delivery import Delivery
    from patchbay.core.downloads import Downloads
    from patchbay.core.endpoints import Endpoints
    from patchbay.core.folders import Folders
    from patchbay.core.generations import Generations
    from patchbay.core.identity import Identity
    from patchbay.core.licences import Licences
    from patchbay.core.links import Links
    from patchbay.core.lookups import Lookups
    from patchbay.core.models import Models
    from patchbay.core.notices import Notices
    from patchbay.core.people import People
    from patchbay.core.picture_uploads import PictureUploads
    from patchbay.core.pipeline import Pipeline
    from patchbay.core.projects import Projects
    from patchbay.core.reconciler import Reconciler
    from patchbay.core.retention import Retention
    from patchbay.core.samples import Samples
    from patchbay.core.search import Search
    from patchbay.core.settling import Settling
    from patchbay.core.sockets import Sockets
    from patchbay.core.songs import Songs
    from patchbay.core.tasks import Tasks
    from patchbay.core.tracks import Tracks
    from patchbay.core.usage import Usage
    from patchbay.core.vault import Vault
    from patchbay.core.videos import Videos


@dataclass(frozen=True)
class Services(Outside):
    """The product, wired for one process. Parts are made when first asked for: a Lambda pays for what it uses."""

    @cached_property
    def accounts(self) -> Accounts:
        """Users and keys."""
        return Accounts(self.records, self.clock)

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
    def vault(self) -> "Vault":
        """What keeps secrets of users."""
        from patchbay.core.vault import Vault, parse_keys

        return Vault(parse_keys(self.settings.vault_key))

    @cached_property
    def links(self) -> "Links":
        """Links to people's accounts elsewhere."""
        from patchbay.core.links import Links

        return Links(self.records, self.clock, self.vault, self.song_accounts)

    @cached_property
    def songs(self) -> "Songs":
        """Recordings, as catalogues know them."""
        from patchbay.core.songs import Songs

        return Songs(self.records, self.assets, self.clock)

    @cached_property
    def browsers(self) -> "Browsers":
        """Who signs in with a browser."""
        from patchbay.core.browsers import Browsers

        return Browsers(self.records, self.clock, self.identity)

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
    def generations(self) -> "Generations":
        """Jobs whose audio becomes their owner's."""
        from patchbay.core.generations import Generations

        return Generations(self.records, self.objects, self.assets, self.jobs, self.credits)

    @cached_property
    def settling(self) -> "Settling":
        """What becomes of jobs that are over."""
        from patchbay.core.settling import Settling

        return Settling(self.jobs, (self.samples, self.generations))

    @cached_property
    def models(self) -> "Models":
        """What generates."""
        from patchbay.core.models import Models

        return Models(self.records, self.clock, self.shelf)

    @cached_property
    def credits(self) -> "Credits":
        """What work costs."""
        from patchbay.core.credits import Credits

        allowances: dict[Plan, int] = {
            "standard": self.settings.credits_standard,
            "premium": self.settings.credits_premium,
            "operator": 0,
        }
        return Credits(self.records, self.clock, allowances)

    @cached_property
    def videos(self) -> "Videos":
        """Pictures with sound put under them."""
        from patchbay.core.videos import Videos

        return Videos(self.records, self.objects, self.generations, self.film_prober, self.clock, self.limits)

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
    def projects(self) -> "Projects":
        """Sessions of music programs."""
        from patchbay.core.projects import Projects

        return Projects(self.records, self.objects, self.clock)

    @cached_property
    def search(self) -> "Search":
        """What finds samples and projects."""
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
