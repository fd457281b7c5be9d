"""What the stacks are made of: are all there, of one release, and at work?"""

from collections.abc import Iterator
from functools import partial

from patchbay.core.doctor.findings import each, together
from patchbay.core.doctor.patient import Patient
from patchbay.domain.checkup import Finding, Resource, State
from patchbay.domain.errors import NotFound
from patchbay.ports import INDEXES

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
QUEUE, FUNCTION, RULE = "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Events::Rule"
BUS, TOPIC = "AWS::Events::EventBus", "AWS::SNS::Topic"
MANY_WAITING = 100
_RUNBOOKS = "docs/runbooks.md"


def stacks(patient: Patient) -> Iterator[Finding]:
    """Of one release, and none half made."""

    def look(name: str) -> Finding:
        found = patient.deployment.stack(patient.name(name))
        patient.stacks[name] = found
        if found.status.endswith("_IN_PROGRESS"):
            return Finding("stacks", found.name, State.WARN, found.status, "wait until the deployment is over")
        if found.status not in GOOD:
            todo = f"see why: aws cloudformation describe-stack-events --stack-name {found.name}; then deploy again"
            return Finding("stacks", found.name, State.FAIL, found.status, todo)
        release, here = found.release or "of an unknown release", patient.given.release
        # The twin deploys again whenever its code has changed, but the emulator takes no change of an output alone.
        if release == here or patient.given.emulated:
            return Finding("stacks", found.name, State.OK, f"{release}, {found.status}")
        todo = f"this program is {here}: deploy again, or use the program of that release"
        return Finding("stacks", found.name, State.WARN, f"{release}, {found.status}", todo)

    yield from each("stacks", [(patient.name(name), partial(look, name)) for name in patient.wanted()])


def table(patient: Patient) -> Iterator[Finding]:
    """With its indexes and stream; in the cloud also protected."""
    given = patient.given
    found = patient.deployment.table(given.table)
    active = found.status == "ACTIVE"
    yield _sound("table", given.table, active, found.status, "wait, and look at the table in the console")
    for name in INDEXES:
        status = found.indexes.get(name, "missing")
        yield _sound("table", f"index {name}", status == "ACTIVE", status, "deploy again; a new index takes a while")
    told = found.stream or "off"
    yield _sound(
        "table", "stream", told == "NEW_AND_OLD_IMAGES", told, "deploy the stack Data again: no event is told without"
    )
    if given.emulated:
        yield Finding("table", "recovery", State.SKIPPED, "the twin's data is this machine's")
        yield Finding("table", "expiry", State.SKIPPED, "the twin's emulator forgets nothing by itself")
        return
    yield _sound("table", "expiry", found.expires, "on" if found.expires else "off", "deploy the stack Data again")
    for name, there, todo in (
        ("point-in-time recovery", found.recovers, "use a durable stage (prod) for data that must not be lost"),
        ("protection from deletion", found.protected, "use a durable stage (prod) for data that must not be lost"),
    ):
        yield Finding("table", name, State.OK if there else State.WARN, "on" if there else "off", "" if there else todo)


def queues(patient: Patient) -> Iterator[Finding]:
    """None where messages end that should have arrived, and none that only grows."""

    def look(resource: Resource) -> Finding:
        found = patient.deployment.queue(resource.name)
        name, told = resource.shown, f"{found.waiting} waiting, {found.in_flight} in hand"
        if not found.has_dead_letters and found.waiting:
            todo = f"read them and see {_RUNBOOKS}#lost-messages"
            return Finding("queues", name, State.WARN, f"{found.waiting} were not delivered", todo)
        if found.waiting > MANY_WAITING:
            todo = f"see whether workers or Lambdas take them: {_RUNBOOKS}#queue-age"
            return Finding("queues", name, State.WARN, told, todo)
        return Finding("queues", name, State.OK, told)

    yield from together("queues", [(each.shown, partial(look, each)) for each in patient.resources(QUEUE)])


def functions(patient: Patient) -> Iterator[Finding]:
    """Each able to run and, where it takes work from somewhere, taking it."""
    looks = [(each.shown, partial(_function, patient, each)) for each in patient.resources(FUNCTION)]
    yield from together("functions", looks)


def pipeline(patient: Patient) -> Iterator[Finding]:
    """The state machine and the rules that set things off."""
    arn = patient.given.state_machine_arn
    status = patient.deployment.machine(arn)
    yield _sound("pipeline", "state machine", status == "ACTIVE", status, "deploy the stack Pipeline again")
    buses = [each.name for each in patient.resources(BUS)]

    def look(resource: Resource) -> Finding:
        state = _rule(patient, resource.name, buses)
        todo = f"aws events enable-rule --name {resource.name}"
        return _sound("pipeline", resource.shown, state == "ENABLED", state, todo)

    yield from together("pipeline", [(each.shown, partial(look, each)) for each in patient.resources(RULE)], "rules")


def alarms(patient: Patient) -> Iterator[Finding]:
    """What rings now, and whether anybody hears it."""
    ringing = patient.deployment.ringing(f"Patchbay-{patient.given.stage}-")
    for name in ringing:
        yield Finding("alarms", name, State.WARN, "rings", f"its description names the section of {_RUNBOOKS}")
    if not ringing:
        yield Finding("alarms", "all", State.OK, "none rings")
    if patient.given.emulated:
        yield Finding("alarms", "somebody to tell", State.SKIPPED, "the twin tells nobody")
        return
    for topic in patient.resources(TOPIC):
        confirmed, pending = patient.deployment.told(topic.name)
        if confirmed:
            yield Finding("alarms", "somebody to tell", State.OK, f"{confirmed} are told")
            continue
        todo = "follow the link in the mail that AWS sent" if pending else "set PATCHBAY_ALARM_EMAIL and deploy again"
        yield Finding("alarms", "somebody to tell", State.WARN, "nobody is told", todo)


def _rule(patient: Patient, name: str, buses: list[str]) -> str:
    """A rule's state, on whichever bus it is: not every deployment names it with its bus."""
    for bus in ("", *buses) if "|" not in name else ("",):
        try:
            return patient.deployment.rule(f"{bus}|{name}" if bus else name)
        except NotFound:
            continue
    raise NotFound(f"the rule {name} is not there")


def _function(patient: Patient, resource: Resource) -> Finding:
    found = patient.deployment.function(resource.name)
    name = resource.shown
    if found.state not in ("Active", "Inactive", ""):
        return Finding("functions", name, State.FAIL, found.state, "see its StateReason: aws lambda get-function")
    if found.last_update not in ("Successful", ""):
        return Finding("functions", name, State.FAIL, f"last update: {found.last_update}", "deploy again")
    off = [source for source, enabled in found.sources.items() if enabled != "Enabled"]
    if off:
        told = f"takes nothing from {off[0]}: {found.sources[off[0]]}"
        return Finding("functions", name, State.FAIL, told, "aws lambda update-event-source-mapping --enabled")
    stage = found.environment.get("PATCHBAY_STAGE", patient.given.stage)
    if stage != patient.given.stage:
        return Finding("functions", name, State.FAIL, f"is told that it is {stage}", "deploy again")
    return Finding("functions", name, State.OK, "can run")


def _sound(area: str, name: str, sound: bool, told: str, todo: str) -> Finding:
    return Finding(area, name, State.OK if sound else State.FAIL, told, "" if sound else todo)
