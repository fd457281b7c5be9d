"""The doctor: a stage that is well is all ok, and each fault is found and comes with what to do."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.constructs.watching.ring import RUNBOOKS
from patchbay.core.doctor import AREAS, examine
from patchbay.core.doctor.patient import Given
from patchbay.domain.checkup import Finding, FunctionFacts, Mail, Outside, QueueFacts, State, WeightFile
from patchbay.domain.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from tests.fakes.deployment import RELEASE, SECRETS, FakeDeployment

DEMUCS = "htdemucs/955717e8-8726e21a.th"
WELL = Given(
    stage="prod",
    release=RELEASE,
    table="table",
    media_bucket="media",
    state_machine_arn="arn:machine",
    public_url="https://music.example.org",
    models=("htdemucs",),
    allow_research=True,
    mail_from="music@example.org",
    secrets="patchbay/prod",
    launcher="batch",
    machines=True,
)


def found(deployment: FakeDeployment, given: Given = WELL) -> list[Finding]:
    return list(examine(deployment, given))


def wrong(deployment: FakeDeployment, given: Given = WELL) -> list[Finding]:
    return [finding for finding in found(deployment, given) if finding.state in {State.WARN, State.FAIL}]


def test_a_stage_that_is_well_is_all_ok() -> None:
    findings = found(FakeDeployment())
    assert {finding.state for finding in findings} == {State.OK}
    assert [f.area for f in findings] == sorted((f.area for f in findings), key=list(AREAS).index), "in order"
    assert {finding.area for finding in findings} == set(AREAS)


def test_the_twin_is_all_ok_and_says_what_it_does_without() -> None:
    twin = replace(WELL, stage="twin", models=(), mail_from="", secrets="", machines=False, launcher="none")
    deployment = FakeDeployment(stage="twin", seen=Outside("", 90.0, 0.0, "twin", allows_origins=True))
    findings = found(deployment, twin)
    assert {finding.state for finding in findings} == {State.OK, State.SKIPPED}
    assert {f.area for f in findings if f.state is State.SKIPPED} >= {"quotas", "secrets", "mail", "table"}


Change = Callable[[FakeDeployment], object]


def having(**facts: Any) -> Change:
    """A deployment with something else than it should have."""

    def change(deployment: FakeDeployment) -> None:
        for name, value in facts.items():
            setattr(deployment, name, value)

    return change


def failing(call: str, error: Exception) -> Change:
    return lambda deployment: deployment.errors.update({call: error})


def table(**facts: Any) -> Change:
    return lambda deployment: setattr(deployment, "table_facts", replace(deployment.table_facts, **facts))


def function(**facts: Any) -> Change:
    well = FunctionFacts("f", "Active", "Successful", {"PATCHBAY_STAGE": "prod"})
    return having(functions={"Pipeline/PlanJob0123ABCD": replace(well, **facts)})


FAULTS: dict[str, tuple[Change, str, State, str]] = {
    "the clock is off": (having(skew_s=-600.0), "account", State.FAIL, "set the clock"),
    "the clock is a little off": (having(skew_s=60.0), "account", State.WARN, "set the clock"),
    "a stack is missing": (failing("stack/Patchbay-prod-Events", NotFound("gone")), "stacks", State.FAIL, "deploy"),
    "a deployment broke": (
        having(stacks={"Api": {"status": "UPDATE_ROLLBACK_FAILED"}}),
        "stacks",
        State.FAIL,
        "events",
    ),
    "one is under way": (having(stacks={"Api": {"status": "UPDATE_IN_PROGRESS"}}), "stacks", State.WARN, "wait"),
    "another release": (having(stacks={"Api": {"release": "0.9"}}), "stacks", State.WARN, "deploy again"),
    "an index is being made": (table(indexes={"by_open": "CREATING"}), "table", State.FAIL, "index"),
    "no stream": (table(stream=""), "table", State.FAIL, "stack Data"),
    "half a stream": (table(stream="KEYS_ONLY"), "table", State.FAIL, "stack Data"),
    "nothing expires": (table(expires=False), "table", State.FAIL, "stack Data"),
    "no recovery": (table(recovers=False), "table", State.WARN, "durable"),
    "not protected": (table(protected=False), "table", State.WARN, "durable"),
    "lost messages": (
        having(queues={"Events/Lost": QueueFacts("Lost", 2, 0, has_dead_letters=False)}),
        "queues",
        State.WARN,
        "#lost-messages",
    ),
    "a queue that grows": (
        having(queues={"Pipeline/Tasks": QueueFacts("Tasks", 500, 1, has_dead_letters=True)}),
        "queues",
        State.WARN,
        "#queue-age",
    ),
    "a queue is gone": (failing("queue/Pipeline/Tasks", NotFound("gone")), "queues", State.FAIL, "deploy"),
    "a Lambda failed": (function(state="Failed"), "functions", State.FAIL, "StateReason"),
    "an update failed": (function(last_update="Failed"), "functions", State.FAIL, "deploy again"),
    "a source is off": (function(sources={"queue": "Disabled"}), "functions", State.FAIL, "event-source-mapping"),
    "another stage's": (function(environment={"PATCHBAY_STAGE": "dev"}), "functions", State.FAIL, "deploy again"),
    "the machine goes": (having(machine_status="DELETING"), "pipeline", State.FAIL, "Pipeline"),
    "a rule is off": (having(rules={"Events/Rule": "DISABLED"}), "pipeline", State.FAIL, "enable-rule"),
    "a rule is gone": (having(rules={"other": "ENABLED"}), "pipeline", State.FAIL, "deploy"),
    "an alarm rings": (having(alarms=["Patchbay-prod-x"]), "alarms", State.WARN, "runbooks"),
    "nobody is told": (having(subscribers=(0, 0)), "alarms", State.WARN, "PATCHBAY_ALARM_EMAIL"),
    "nobody said yes": (having(subscribers=(0, 1)), "alarms", State.WARN, "link"),
    "weights are missing": (failing(f"weight/{DEMUCS}", NotFound("not there")), "weights", State.FAIL, "upload"),
    "empty weights": (having(weights={DEMUCS: WeightFile(0, None)}), "weights", State.FAIL, "upload"),
    "other weights": (having(weights={DEMUCS: WeightFile(9, "0" * 64)}), "weights", State.FAIL, "another file"),
    "no vault key": (having(secrets={**SECRETS, "vault_key": "c2hvcnQ="}), "secrets", State.FAIL, "openssl"),
    "a short door secret": (having(secrets={**SECRETS, "door_secret": "abc"}), "secrets", State.FAIL, "openssl"),
    "a door secret that lets anybody in": (
        having(secrets={**SECRETS, "door_secret": "*" * 32}),
        "secrets",
        State.FAIL,
        "openssl",
    ),
    "a broken id": (having(secrets={**SECRETS, "spotify_client_id": "x"}), "secrets", State.FAIL, "dashboard"),
    "a secret is missing": (having(secrets={"vault_key": ""}), "secrets", State.FAIL, "add door_secret"),
    "a misspelt one": (having(secrets={**SECRETS, "vaultkey": "x"}), "secrets", State.WARN, "misspelt"),
    "the secret is gone": (failing("secret", NotFound("gone")), "secrets", State.FAIL, "create-secret"),
    "an unverified sender": (having(mail_facts=Mail(False, True)), "mail", State.FAIL, "create-email-identity"),
    "the sandbox": (having(mail_facts=Mail(True, False)), "mail", State.WARN, "production access"),
    "no GPUs": (having(quotas={"L-DB2E81BA": 0.0}), "quotas", State.FAIL, "L-DB2E81BA"),
    "few GPUs on Spot": (having(quotas={"L-3819A6DF": 12.0}), "quotas", State.WARN, "L-3819A6DF"),
    "few Lambdas": (having(quotas={"L-B99A9384": 10.0}), "quotas", State.WARN, "L-B99A9384"),
    "no answer": (having(seen=Outside("no answer", None, None, "", False)), "address", State.FAIL, "#unreachable"),
    "a bad certificate": (
        having(seen=Outside("its certificate is not trusted", None, None, "", False)),
        "address",
        State.FAIL,
        "#certificate-expiry",
    ),
    "somebody else answers": (having(seen=Outside("", 90.0, 0.0, "dev", True)), "address", State.FAIL, "PUBLIC_URL"),
    "it ends soon": (having(seen=Outside("", 10.0, 0.0, "prod", True)), "address", State.WARN, "#certificate-expiry"),
    "it ends now": (having(seen=Outside("", 1.0, 0.0, "prod", True)), "address", State.FAIL, "#certificate-expiry"),
    "its clock is off": (having(seen=Outside("", 90.0, 900.0, "prod", True)), "address", State.FAIL, "set the clock"),
    "browsers are refused": (having(seen=Outside("", 90.0, 0.0, "prod", False)), "address", State.FAIL, "CORS"),
    "uploads are refused": (having(cors=()), "address", State.FAIL, "stack Data"),
    "the secret is shut": (failing("secret", Forbidden("denied")), "secrets", State.WARN, "GetSecretValue"),
    "denied": (failing("table", Forbidden("denied")), "table", State.FAIL, "ReadOnlyAccess"),
    "AWS is away": (failing("quota", Unavailable("busy")), "quotas", State.FAIL, "try again"),
    "our own fault": (failing("mail", KeyError("x")), "mail", State.FAIL, "fault of the doctor"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_and_says_what_to_do(name: str) -> None:
    change, area, state, todo = FAULTS[name]
    deployment = FakeDeployment()
    change(deployment)
    findings = [finding for finding in wrong(deployment) if finding.area == area]
    assert any(finding.state is state and todo in finding.todo for finding in findings), findings
    others = {finding.area for finding in wrong(deployment)} - {area}
    assert others <= ({"functions", "queues", "pipeline"} if area == "stacks" else set()), "one fault is one area's"


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_wrong_without_a_way_out_and_no_secret_is_shown(name: str) -> None:
    deployment = FakeDeployment()
    FAULTS[name][0](deployment)
    for finding in found(deployment):
        assert bool(finding.todo) is (finding.state in {State.WARN, State.FAIL}), finding
        assert not any(
            value and value in finding.told + finding.todo for value in deployment.secrets.values() if len(value) > 3
        )
        for anchor in re.findall(r"runbooks\.md#([\w-]+)", finding.todo):
            assert anchor in RUNBOOKS


def test_without_credentials_nothing_else_is_asked() -> None:
    deployment = FakeDeployment(errors={"account": Unauthenticated("no credentials")})
    (finding,) = found(deployment)
    assert (finding.area, finding.state) == ("account", State.FAIL)
    assert "AWS_PROFILE" in finding.todo


@pytest.mark.parametrize(
    ("change", "area", "todo"),
    [
        ({"models": ("htdemux",)}, "weights", "PATCHBAY_MODELS"),
        ({"allow_research": False}, "weights", "PATCHBAY_ALLOW_RESEARCH_WEIGHTS"),
        ({"secrets": ""}, "secrets", "PATCHBAY_SECRETS"),
        ({"public_url": ""}, "address", "PATCHBAY_PUBLIC_URL"),
        ({"launcher": "sagemaker"}, "quotas", "SageMaker"),
    ],
)
def test_what_the_settings_lack_is_found(change: dict[str, Any], area: str, todo: str) -> None:
    (finding,) = wrong(FakeDeployment(), replace(WELL, **change))
    assert finding.area == area
    assert todo in finding.todo


def test_weights_without_a_digest_are_told_apart() -> None:
    given = replace(WELL, models=("musicgen-small", "htdemucs"))
    deployment = FakeDeployment(weights={DEMUCS: WeightFile(5, None)})
    assert wrong(deployment, given) == []
    told = {finding.name: finding.told for finding in found(deployment, given) if finding.area == "weights"}
    assert "SHA256SUMS" in told["musicgen-small/model.safetensors"]
    assert "--deep" in told[DEMUCS]
    (unread,) = wrong(deployment, replace(given, read_weights=True))
    assert unread.name == DEMUCS


def test_weights_in_shards_are_as_good() -> None:
    whole, index = "musicgen-small/model.safetensors", "musicgen-small/model.safetensors.index.json"
    deployment = FakeDeployment(errors={f"weight/{whole}": NotFound("no")}, weights={index: WeightFile(99, None)})
    assert wrong(deployment, replace(WELL, models=("musicgen-small",))) == []
    del deployment.weights[index]
    (missing,) = wrong(deployment, replace(WELL, models=("musicgen-small",)))
    assert missing.name == whole
    assert "PATCHBAY_WEIGHTS" in missing.todo


@pytest.mark.parametrize(("ingest", "state"), [(True, State.FAIL), (False, State.OK)])
def test_beside_the_ingest_service_the_door_needs_its_secret(ingest: bool, state: State) -> None:
    deployment = FakeDeployment(secrets={**SECRETS, "door_secret": ""})
    (finding,) = (f for f in found(deployment, replace(WELL, ingest=ingest)) if f.name == "door_secret")
    assert finding.state is state
    assert ("openssl" in finding.todo and "patchbay/prod" in finding.todo) is ingest


BEFORE = replace(WELL, secrets_before="patchbay/prod-1")


def test_a_secret_on_its_way_out_is_not_forgotten() -> None:
    (finding,) = wrong(FakeDeployment(), BEFORE)
    assert (finding.area, finding.name, finding.state) == ("secrets", "patchbay/prod-1", State.WARN)
    assert "take PATCHBAY_SECRETS_BEFORE away" in finding.todo


@pytest.mark.parametrize(
    "change", [having(secrets={"door_secret": ""}), failing("secret/patchbay/prod-1", NotFound("gone"))]
)
def test_one_that_no_deployment_can_take_is_a_fault(change: Change) -> None:
    deployment = FakeDeployment()
    change(deployment)
    (finding,) = (f for f in wrong(deployment, BEFORE) if f.name == "patchbay/prod-1")
    assert finding.state is State.FAIL
    assert "PATCHBAY_SECRETS_BEFORE" in finding.todo


def test_only_some_areas_can_be_looked_at() -> None:
    findings = list(examine(FakeDeployment(), WELL, areas=("secrets", "account")))
    assert [*dict.fromkeys(finding.area for finding in findings)] == ["account", "secrets"], "in their order"
    shut = FakeDeployment(errors={"account": Unauthenticated("no credentials")})
    assert len(list(examine(shut, WELL, areas=("account", "secrets")))) == 1
