"""HTML in which everything that was not written here is escaped."""

from collections.abc import Iterable
from html import escape
from string import Template


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def fill(template: str, **values: object) -> Html:
    """A template with `$names`, of which each is put in once escaped, for elements and for quoted attributes alike."""
    safe = {
        name: value if isinstance(value, Html) else escape(str(value), quote=True) for name, value in values.items()
    }
    return Html(Template(template).substitute(safe))


def joined(parts: Iterable[Html]) -> Html:
    """Pieces of HTML, one after another."""
    return Html("".join(parts))


NOTHING = Html("")
