"""The order in which things are looked at, and what becomes of a look that fails."""

from collections.abc import Callable, Collection, Iterator

from patchbay.core.doctor import account, machinery, stock, surface
from patchbay.core.doctor.findings import failed
from patchbay.core.doctor.patient import Given, Patient
from patchbay.domain.checkup import Finding, State
from patchbay.domain.errors import PatchbayError
from patchbay.ports.deployment import Deployment

Look = Callable[[Patient], Iterator[Finding]]
AREAS: dict[str, tuple[Look, ...]] = {
    "account": (account.credentials,),
    "stacks": (machinery.stacks,),
    "table": (machinery.table,),
    "queues": (machinery.queues,),
    "functions": (machinery.functions,),
    "pipeline": (machinery.pipeline,),
    "alarms": (machinery.alarms,),
    "weights": (stock.weights,),
    "secrets": (stock.secrets,),
    "mail": (stock.mail,),
    "quotas": (account.quotas,),
    "address": (surface.address, surface.uploads),
}
"""Area -> looks. The stacks come before what is found in them."""


def examine(deployment: Deployment, given: Given, areas: Collection[str] = AREAS) -> Iterator[Finding]:
    """Everything, or some areas of it, one finding after the other."""
    patient = Patient(deployment, given)
    for area in (each for each in AREAS if each in areas):
        for look in AREAS[area]:
            found = list(_looked(area, look, patient))
            yield from found
            if area == "account" and any(finding.state is State.FAIL for finding in found):
                return  # nothing else could be seen


def _looked(area: str, look: Look, patient: Patient) -> Iterator[Finding]:
    """What a look finds; where it fails that is a finding too."""
    try:
        yield from look(patient)
    except PatchbayError as error:
        yield failed(area, look.__name__, error)
    except Exception as error:  # noqa: BLE001 - one look that fails must stop no other
        told = f"could not be looked at: {type(error).__name__}: {error}"
        yield Finding(area, look.__name__, State.FAIL, told, "this is a fault of the doctor's; tell us of it")
