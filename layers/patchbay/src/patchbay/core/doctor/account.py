"""The account: whose credentials, and whether it may have as much at once as the stage wants."""

from collections.abc import Iterator

from patchbay.catalog.compute import QUEUED, Compute
from patchbay.core.doctor.findings import each
from patchbay.core.doctor.patient import Patient
from patchbay.domain.checkup import Finding, State

AREA = "account"
SKEW_WARN_S, SKEW_FAIL_S = 30.0, 240.0
"""AWS refuses signatures of a clock that is five minutes off."""
LAMBDAS = 200.0
"""At once, from which on a stage's consumers (20 each) and six APIs have room."""
REQUESTS_PER_S = 500.0
_LAMBDA = ("lambda", "L-B99A9384")
_GATEWAY = ("apigateway", "L-8A5B8E43")
_VCPUS = {
    True: (("on demand", "L-DB2E81BA"), ("Spot", "L-3819A6DF")),
    False: (("on demand", "L-1216C47A"), ("Spot", "L-34B43A08")),
}
"""Whether with GPUs -> EC2's quotas of vCPUs running at once: of G and VT instances, of standard ones."""
_ASK = "ask for more at https://console.aws.amazon.com/servicequotas (quota {code}); a GPU quota takes a day or two"


def credentials(patient: Patient) -> Iterator[Finding]:
    """That there are some, and that the clocks agree."""
    found = patient.deployment.account()
    yield Finding(AREA, "credentials", State.OK, f"account {found.id}, region {found.region}")
    yield clock(AREA, "clock", found.skew_s)


def clock(area: str, name: str, skew_s: float) -> Finding:
    """Whether this machine's clock agrees with another."""
    off = abs(skew_s)
    state = State.FAIL if off >= SKEW_FAIL_S else State.WARN if off >= SKEW_WARN_S else State.OK
    todo = "" if state is State.OK else "set the clock: timedatectl set-ntp true; signatures expire by it"
    told = (
        f"{off:.0f} s {'before' if skew_s > 0 else 'behind'} this machine's"
        if off >= 2
        else "agrees with this machine's"
    )
    return Finding(area, name, state, told, todo)


def quotas(patient: Patient) -> Iterator[Finding]:
    """That the account may run what the stage wants to run."""
    given = patient.given
    if given.emulated:
        yield Finding("quotas", "all", State.SKIPPED, "the twin has none")
        return

    def at_least(wanted: float, service: str, code: str, unit: str) -> Finding:
        has = patient.deployment.quota(service, code)
        name = f"{service} {unit}"
        told = f"{has:g} of {wanted:g} wanted"
        if has >= wanted:
            return Finding("quotas", name, State.OK, told)
        state = State.FAIL if has < wanted / 2 and service == "ec2" else State.WARN
        return Finding("quotas", name, state, told, _ASK.format(code=code))

    wanted = [(LAMBDAS, *_LAMBDA, "Lambdas at once"), (REQUESTS_PER_S, *_GATEWAY, "requests a second")]
    if "batch" in given.launcher:
        for compute in QUEUED:
            kinds = _VCPUS[compute.gpus > 0]
            wanted += [
                (_vcpus(compute, given.max_workers), "ec2", code, f"vCPUs {compute.name} {kind}")
                for kind, code in kinds
            ]
    yield from each("quotas", [(unit, lambda w=w, s=s, c=c, u=unit: at_least(w, s, c, u)) for w, s, c, unit in wanted])  # type: ignore[misc]
    if "sagemaker" in given.launcher:
        todo = "look at https://console.aws.amazon.com/servicequotas, SageMaker, for the instance types of your classes"
        yield Finding(
            "quotas", "SageMaker instances", State.WARN, "are counted by instance type, which is not looked at", todo
        )


def _vcpus(compute: Compute, workers: int) -> float:
    return float(compute.vcpus * workers)
