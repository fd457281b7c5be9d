"""What people bring and make, wired: uploads, jobs, samples, projects and all that comes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from patchbay.bootstrap.outside import Outside
from patchbay.catalog.vendors import SEPARATION
from patchbay.core.accounts import Accounts
from patchbay.core.assets import Assets
from patchbay.core.groups import Groups
from patchbay.core.jobs import Jobs
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import Job
from patchbay.domain.users import Plan

if TYPE_CHECKING:
    from patchbay.core.credits import Credits
    from patchbay.core.folders import Folders
    from patchbay.core.generations import Generations
    from patchbay.core.licences import Licences
    from patchbay.core.models import Models
    from patchbay.core.picture_uploads import PictureUploads
    from patchbay.core.projects import Projects
    from patchbay.core.samples import Samples
    from patchbay.core.search import Search
    from patchbay.core.songs import Songs
    from patchbay.core.tracks import Tracks
    from patchbay.core.vault import Vault
    from patchbay.core.vendors import Vendors
    from patchbay.core.videos import Videos


@dataclass(frozen=True)
class Making(Outside):
    """The parts that the others rest on. Each is made when first asked for."""

    @cached_property
    def accounts(self) -> Accounts:
        """Users and keys."""
        return Accounts(self.records, self.clock)

    @cached_property
    def songs(self) -> "Songs":
        """Recordings, as catalogues know them."""
        from patchbay.core.songs import Songs

        return Songs(self.records, self.assets, self.clock)

    @cached_property
    def assets(self) -> Assets:
        """Uploads."""
        from patchbay.adapters.media.probe import ChildProber

        return Assets(self.records, self.objects, self.web, ChildProber(), self.clock, self.limits)

    @cached_property
    def jobs(self) -> Jobs:
        """Jobs."""
        parts = (self.records, self.objects, self.executions, self.assets, self.clock, self.shelf, self.ends)
        return Jobs(*parts, call_off=self._call_off)

    def _call_off(self, jobs: Sequence[Job]) -> None:
        if any(job.workflow == SEPARATION for job in jobs):
            self.vendors.call_off(jobs)

    @cached_property
    def vault(self) -> "Vault":
        """What keeps secrets of users."""
        from patchbay.core.vault import Vault, WrongKey, parse_keys

        def keys() -> tuple[bytes, ...]:
            try:
                return parse_keys(self.secret("vault_key"))
            except WrongKey as error:
                raise Unavailable(f"secrets cannot be opened here: vault_key is wrong; {error}") from None

        return Vault(keys)

    @cached_property
    def vendors(self) -> "Vendors":
        """Users' accounts at services that separate elsewhere."""
        from patchbay.core.vendors import Vendors

        return Vendors(self.records, self.clock, self.vault, self.jobs, self.stem_vendor)

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
