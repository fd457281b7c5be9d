"""Findings, and what becomes of a look that fails."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from patchbay.domain.checkup import Finding, State
from patchbay.domain.errors import Forbidden, NotFound, PatchbayError, Unauthenticated

_TODO: dict[type[PatchbayError], str] = {
    Unauthenticated: "give AWS credentials and a region: AWS_PROFILE, AWS_REGION, or `aws sso login`",
    Forbidden: (
        "use credentials that may read this: those of the deployment, or with the policy ReadOnlyAccess "
        "and, for the secret, secretsmanager:GetSecretValue"
    ),
    NotFound: "deploy it: make deploy STAGE=...",
}
_LATER = "try again; if it stays so, look at https://health.aws.amazon.com"


def failed(area: str, name: str, error: PatchbayError) -> Finding:
    """The finding that something could not be looked at."""
    todo = next((told for kind, told in _TODO.items() if isinstance(error, kind)), _LATER)
    return Finding(area, name, State.FAIL, str(error), todo)


def each(area: str, looks: Iterable[tuple[str, Callable[[], Finding]]]) -> Iterator[Finding]:
    """A finding for each name; one that cannot be seen hides no other."""
    for name, look in looks:
        try:
            yield look()
        except PatchbayError as error:
            yield failed(area, name, error)


def together(area: str, looks: Sequence[tuple[str, Callable[[], Finding]]], what: str = "") -> Iterator[Finding]:
    """The same where there are many: those that are well make one finding. Raises `NotFound` where there is none."""
    what = what or area
    if not looks:
        raise NotFound(f"the stacks have no {what}")
    found = list(each(area, looks))
    wrong = [finding for finding in found if finding.state is not State.OK]
    yield from wrong
    if well := len(found) - len(wrong):
        yield Finding(area, f"all other {what}" if wrong else f"all {what}", State.OK, f"{well} are well")
