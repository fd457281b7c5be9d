"""What can be found: samples, and projects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from patchbay.core import layout_library, layout_projects
from patchbay.core.search import postings
from patchbay.core.search.postings import Entry, Posting
from patchbay.core.search.words import known_by, words
from patchbay.domain.projects import Project
from patchbay.domain.samples import Sample
from patchbay.domain.scales import scale_class
from patchbay.ports import Key

MAX_NAME_CHARS = 64
TIME, RANK, NAME = "time", "rank", "name"
PROJECT_TIME = "project-time"
"""Orders. Their names have no `#`: they begin the names of lists."""
Order = tuple[str, bool]
"""(name, whether it is read ascending)."""


F = TypeVar("F", Sample, Project)


@dataclass(frozen=True, slots=True)
class Kind(Generic[F]):
    """Things of one kind. All functions are of one thing as it is now."""

    name: str
    """Of its records."""
    model: type[F]
    key: Callable[[str, str], Key]
    """Key of its record, by tenant id and id."""
    posting: Callable[[F], Posting]
    """What a query can ask of it."""
    places: Callable[[F], dict[str, str]]
    """Order -> where it comes in it. Identifiers are in order of creation, and make every place unique."""
    orders: Mapping[str, Order]
    """By what queries call them."""
    indexed: str = ""
    """What the names of the partitions end on that note what the index holds of such things."""

    def entry(self, thing: F) -> Entry | None:
        """All postings of a thing; None where not even its owner may find it."""
        return entry_of(thing) if thing.visible_to(thing.tenant_id) else None


def _sample_posting(sample: Sample) -> Posting:
    return Posting(
        owner=sample.tenant_id,
        words=tuple(known_by(*sample.tags, sample.name)),
        tags=sample.tags,
        scale=scale_class(sample.scale),
        bpm=sample.bpm,
        duration_s=sample.duration_s,
    )


def _sample_places(sample: Sample) -> dict[str, str]:
    name = " ".join(words(sample.name))[:MAX_NAME_CHARS]
    return {TIME: sample.id, RANK: f"{sample.popularity:03d}#{sample.id}", NAME: f"{name}\t{sample.id}"}


def _project_posting(project: Project) -> Posting:
    return Posting(
        owner=project.tenant_id,
        words=tuple(known_by(project.name)),
        bpm=project.document.tempo_bpm,
        duration_s=project.document.duration_s,
    )


SAMPLES: Final = Kind(
    "sample",
    Sample,
    layout_library.sample_key,
    _sample_posting,
    _sample_places,
    {"latest": (TIME, False), "oldest": (TIME, True), "popular": (RANK, False), "name": (NAME, True)},
)
PROJECTS: Final = Kind(
    "project",
    Project,
    layout_projects.project_key,
    _project_posting,
    lambda project: {PROJECT_TIME: project.id},
    {"latest": (PROJECT_TIME, False), "oldest": (PROJECT_TIME, True)},
    indexed="#project",
)
KINDS: Final[Mapping[str, Kind[Any]]] = {SAMPLES.name: SAMPLES, PROJECTS.name: PROJECTS}
"""By the kind of their records."""


def kind_of(thing: Sample | Project) -> Kind[Any]:
    """The kind that a thing is of."""
    return SAMPLES if isinstance(thing, Sample) else PROJECTS


def entry_of(thing: Sample | Project) -> Entry:
    """All postings of a thing that its owner may find."""
    kind = kind_of(thing)
    return postings.entry(kind.posting(thing), kind.places(thing), shown=thing.shown)
