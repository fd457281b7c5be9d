"""A deployment that is well, and whatever of it a test makes ill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from patchbay.catalog.models import MODELS
from patchbay.core.doctor.patient import ALWAYS, IN_CLOUD
from patchbay.domain.checkup import (
    Account,
    FunctionFacts,
    Mail,
    Outside,
    QueueFacts,
    Resource,
    StackFacts,
    TableFacts,
    WeightFile,
)
from patchbay.domain.errors import NotFound
from patchbay.ports import INDEXES

RELEASE = "1.2.3"
SECRETS = {"vault_key": "A" * 43 + "=", "door_secret": "d" * 32, "spotify_client_id": "", "spotify_client_secret": ""}

WELL = TableFacts(
    "ACTIVE", dict.fromkeys(INDEXES, "ACTIVE"), "NEW_AND_OLD_IMAGES", recovers=True, protected=True, expires=True
)


@dataclass
class FakeDeployment:
    """The port; `errors`: what a method raises, by its name, or by its name and argument."""

    stage: str = "prod"
    errors: dict[str, Exception] = field(default_factory=dict)
    skew_s: float = 0.0
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    table_facts: TableFacts = field(default_factory=lambda: WELL)
    queues: dict[str, QueueFacts] = field(default_factory=dict)
    functions: dict[str, FunctionFacts] = field(default_factory=dict)
    machine_status: str = "ACTIVE"
    rules: dict[str, str] = field(default_factory=dict)
    cors: Sequence[str] = ("*",)
    secrets: Mapping[str, str] = field(default_factory=lambda: dict(SECRETS))
    mail_facts: Mail = field(default_factory=lambda: Mail(verified=True, production=True))
    quotas: dict[str, float] = field(default_factory=dict)
    alarms: Sequence[str] = ()
    subscribers: tuple[int, int] = (1, 0)
    weights: dict[str, WeightFile] = field(default_factory=dict)
    seen: Outside = field(default_factory=lambda: Outside("", 200.0, 0.0, "prod", allows_origins=True))

    def account(self) -> Account:
        self._try("account")
        return Account("123456789012", "eu-central-1", self.skew_s)

    def stack(self, name: str) -> StackFacts:
        self._try("stack", name)
        short = name.rpartition("-")[2]
        if short not in (*ALWAYS, *IN_CLOUD, "Compute"):
            raise NotFound(f"the stack {name} is not there")
        found = StackFacts(name, "UPDATE_COMPLETE", RELEASE, self._resources(name, short))
        return replace(found, **self.stacks.get(short, {}))

    def _resources(self, name: str, short: str) -> tuple[Resource, ...]:
        told = {
            "Pipeline": [("Tasks", "AWS::SQS::Queue"), ("PlanJob0123ABCD", "AWS::Lambda::Function")],
            "Events": [("Lost", "AWS::SQS::Queue"), ("Bus", "AWS::Events::EventBus"), ("Rule", "AWS::Events::Rule")],
            "Watching": [("Alarms", "AWS::SNS::Topic")],
        }
        return tuple(Resource(name, logical, kind, f"{short}/{logical}") for logical, kind in told.get(short, []))

    def table(self, name: str) -> TableFacts:
        self._try("table", name)
        return self.table_facts

    def queue(self, url: str) -> QueueFacts:
        self._try("queue", url)
        return self.queues.get(url, QueueFacts(url, 0, 0, has_dead_letters=not url.endswith("Lost")))

    def function(self, name: str) -> FunctionFacts:
        self._try("function", name)
        well = FunctionFacts(name, "Active", "Successful", {"PATCHBAY_STAGE": self.stage}, {"queue": "Enabled"})
        return self.functions.get(name, well)

    def machine(self, arn: str) -> str:
        self._try("machine", arn)
        return self.machine_status

    def rule(self, name: str) -> str:
        self._try("rule", name)
        if name not in (rules := self.rules or {"Events/Bus|Events/Rule": "ENABLED"}):
            raise NotFound(f"the rule {name} is not there")
        return rules[name]

    def origins(self, bucket: str) -> Sequence[str]:
        self._try("origins", bucket)
        return self.cors

    def secret(self, name: str) -> Mapping[str, str]:
        self._try("secret", name)
        return self.secrets

    def mail(self, sender: str) -> Mail:
        self._try("mail", sender)
        return self.mail_facts

    def quota(self, service: str, code: str) -> float:
        self._try("quota", code)
        return self.quotas.get(code, 1e6)

    def ringing(self, prefix: str) -> Sequence[str]:
        self._try("ringing", prefix)
        return self.alarms

    def told(self, topic_arn: str) -> tuple[int, int]:
        self._try("told", topic_arn)
        return self.subscribers

    def weight(self, name: str, *, read: bool) -> WeightFile:
        self._try("weight", name)
        if name in self.weights:
            return self.weights[name]
        model, _, file = name.partition("/")
        if file not in MODELS[model].files:
            raise NotFound(f"{name} is not there")
        return WeightFile(80 * 2**20, MODELS[model].files[file])

    def outside(self, url: str) -> Outside:
        self._try("outside", url)
        return self.seen

    def _try(self, *called: str) -> None:
        for name in (called[0], "/".join(called)):
            if error := self.errors.get(name):
                raise error
