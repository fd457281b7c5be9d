"""Names of stems that are not a model's own: what is left of a song without one."""

ACCOMPANIMENT = "accompaniment"
"""The usual name of a song without its vocals."""
VOCALS = "vocals"
_WITHOUT = "no_"


def residual_of(stem: str) -> str:
    """Name of the song without a stem."""
    if stem == ACCOMPANIMENT:
        return VOCALS
    return ACCOMPANIMENT if stem == VOCALS else _WITHOUT + stem


def left_without(name: str) -> str | None:
    """The stem that `name` is a song without; None for a stem of a model's own."""
    if name == ACCOMPANIMENT:
        return VOCALS
    return name.removeprefix(_WITHOUT) if name.startswith(_WITHOUT) else None
