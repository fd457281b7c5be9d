"""Search of samples and projects by an inverted index in the table."""

from patchbay.core.search.query import Query
from patchbay.core.search.service import SampleRef, Search

__all__ = ["Query", "SampleRef", "Search"]
