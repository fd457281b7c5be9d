"""Songs by their addresses in a catalogue."""

from dataclasses import dataclass

from patchbay.core.links import Links
from patchbay.core.songs import Songs
from patchbay.domain.errors import NotConfigured, NotFound
from patchbay.domain.songs import Listing, Song
from patchbay.ports import SongCatalogue


@dataclass(frozen=True, slots=True)
class Lookups:
    """Look-ups, each of whose songs becomes one of the tenant's. What is private is looked up with his own account."""

    songs: Songs
    catalogue: SongCatalogue | None
    links: Links | None = None

    def fetch(self, tenant_id: str, url: str) -> tuple[Listing, list[Song]]:
        """What an address is of, and the tenant's songs of it.

        Raises `UnknownAddress`, `NotFound`, `CatalogueFailed`, `NotConfigured`.
        """
        if self.catalogue is None:
            raise NotConfigured("no catalogue of songs is set up here; the operator can name Spotify credentials")
        try:
            listing = self.catalogue.lookup(url)
        except NotFound:  # or somebody's own, and shown to nobody else
            if self.links is None or not self.links.offered or self.links.get(tenant_id) is None:
                raise
            listing = self.catalogue.lookup(url, access_token=self.links.access_token(tenant_id))
        return listing, [self.songs.found(tenant_id, facts) for facts in listing.songs]
