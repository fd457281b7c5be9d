"""A deployment as its operator sees it, to look at and never to change."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from patchbay.domain.checkup import (
    Account,
    FunctionFacts,
    Mail,
    Outside,
    QueueFacts,
    StackFacts,
    TableFacts,
    WeightFile,
)


class Deployment(Protocol):
    """Each raises `NotFound` for what is not there, `Forbidden` for what these credentials may not look at,
    `Unavailable` for a service that does not answer.
    """

    def account(self) -> Account:
        """Whose credentials these are. Raises `Unauthenticated`."""

    def stack(self, name: str) -> StackFacts:
        """A stack with its resources."""

    def table(self, name: str) -> TableFacts:
        """The table."""

    def queue(self, url: str) -> QueueFacts:
        """A queue."""

    def function(self, name: str) -> FunctionFacts:
        """A Lambda."""

    def machine(self, arn: str) -> str:
        """Status of a state machine."""

    def rule(self, name: str) -> str:
        """State of a rule; `bus|rule` for one of another bus than the account's own."""

    def origins(self, bucket: str) -> Sequence[str]:
        """Origins whose pages may send files to a bucket by PUT or POST."""

    def secret(self, name: str) -> Mapping[str, str]:
        """The operator's secrets."""

    def mail(self, sender: str) -> Mail:
        """The mail service, as far as it concerns an address."""

    def quota(self, service: str, code: str) -> float:
        """A quota of the account in force."""

    def ringing(self, prefix: str) -> Sequence[str]:
        """Names of the alarms beginning so that ring now."""

    def told(self, topic_arn: str) -> tuple[int, int]:
        """How many have confirmed that they want to hear of a topic, and how many have not yet."""

    def weight(self, name: str, *, read: bool) -> WeightFile:
        """A file of weights, named as `<model>/<file>`; with `read` all of it is, for its digest."""

    def outside(self, url: str) -> Outside:
        """The public address, as anybody sees it."""
