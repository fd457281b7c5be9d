"""What can go wrong, in the domain's own words. No HTTP here: each dialect maps these classes to its own answers."""

from datetime import datetime


class PatchbayError(Exception):
    """Base of every error that is meant to be told to a user. `str(error)` is a sentence fit for that user."""


class InvalidInput(PatchbayError):
    """A request that cannot be done as it stands. `field` names the part at fault, dotted, where there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Unauthenticated(PatchbayError):
    """No credential, or one that is unknown, expired or revoked."""


class Forbidden(PatchbayError):
    """A known caller without the right (scope) to do this."""


class InsufficientCredits(Forbidden):
    """An order that costs more credits than its owner has."""

    def __init__(self, message: str, *, need: int, have: int) -> None:
        super().__init__(message)
        self.need, self.have = need, have


class QuotaExceeded(Forbidden):
    """More than one account may have at once. `what` names the figure, `used` and `most` tell it and its bound."""

    def __init__(self, message: str, *, what: str, used: int, most: int) -> None:
        super().__init__(message)
        self.what, self.used, self.most = what, used, most


class BudgetExceeded(Forbidden):
    """An order that would cost more than its owner may still spend. `resets_at` is when the next period begins."""

    def __init__(self, message: str, *, spent_usd: float, budget_usd: float, resets_at: datetime) -> None:
        super().__init__(message)
        self.spent_usd, self.budget_usd, self.resets_at = spent_usd, budget_usd, resets_at


class NotFound(PatchbayError):
    """No such thing, or another tenant's: the two are never told apart."""


class Missing(NotFound):
    """Something that a request names. `field` says where it does."""

    def __init__(self, message: str, *, field: str | None) -> None:
        super().__init__(message)
        self.field = field


class Conflict(PatchbayError):
    """The thing has changed, or already is in a state that does not allow this."""


class Stale(Conflict):
    """The thing is not any more what the caller has seen. `field` names where he said what that was."""

    field = "expected"


class Taken(Conflict):
    """A name that only one can have is somebody's already. `field` names it."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class NotReady(Conflict):
    """Something that a request names is still being made or looked at. `field` says where it is named."""

    def __init__(self, message: str, *, field: str | None) -> None:
        super().__init__(message)
        self.field = field


class Unconfirmed(Conflict):
    """Somebody registered with this address, and has not shown that it is his."""


class TooLarge(PatchbayError):
    """More bytes, seconds or items than the stage takes."""


class Unavailable(PatchbayError):
    """A dependency did not answer; trying again later is right. `retry_after_s` is when to come back."""

    retry_after_s: int | None = 5


class NotConfigured(Unavailable):
    """Something that the operator has not set up, so that trying again does not help."""

    retry_after_s = None


class CatalogueFailed(Unavailable):
    """A catalogue of songs did not answer, or answered what cannot be used."""


class VendorFailed(Unavailable):
    """A service that works for a user did not answer, or answered what cannot be used; trying again may help."""


class VendorRefused(InvalidInput):
    """A service that works for a user will not do it, however often it is asked: its reason, in words for that user."""


class UnknownAddress(InvalidInput):
    """An address that is none of the catalogue's."""


class RateLimited(PatchbayError):
    """More requests than the quota allows. `retry_after_s` is when to come back."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ModelUnavailable(PatchbayError):
    """The model's weights are not installed, not what the catalogue says, or not allowed by their licence."""


class UnusableAudio(PatchbayError):
    """The input is not audio, is damaged beyond use, or breaks a limit."""


class FetchRefused(PatchbayError):
    """A URL of a user that the rules do not let us call, or that did not give what was asked."""


class TaskCancelled(PatchbayError):
    """Raised into a running engine: its job was cancelled or deleted. Nothing is to be reported."""


class TaskReturned(PatchbayError):
    """Raised into a running engine: this machine is going away (SIGTERM), the task goes back to the queue."""
