"""What the policies of a template allow, decided as IAM does: a refusal counts more than a permission."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.support.templates import Template

Statement = dict[str, Any]


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def told(value: Any) -> str:
    """A template's value as one text, with `<what>` in the place of what is known at the deployment."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(told(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name} | {"Ref": name}:
            return f"<{told(name)}>"
        case {"Fn::Sub": text}:
            return told(text)
        case dict() | list():
            raise AssertionError(f"not known: {value}")
    return str(value)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."))


def _matches(patterns: Any, value: str) -> bool:
    return any(_pattern(told(each)).fullmatch(value) for each in many(patterns))


@dataclass(frozen=True, slots=True)
class Role:
    """A role and all that it was given in its template."""

    name: str
    statements: list[Statement] = field(default_factory=list)

    def may(self, action: str, resource: str, *, partition: str = "") -> bool:
        """Whether it may do that; of conditions, the one on a table's partition keys is known."""
        found = [s for s in self.statements if _matches(s["Action"], action) and _matches(s["Resource"], resource)]
        refused = any(_applies(s, partition) for s in found if s["Effect"] == "Deny")
        return not refused and any(_applies(s, partition) for s in found if s["Effect"] == "Allow")

    @property
    def allowed(self) -> set[tuple[str, str]]:
        """Every (action, resource) that a statement allows."""
        given = (s for s in self.statements if s["Effect"] == "Allow")
        return {(a, told(r)) for s in given for a in many(s["Action"]) for r in many(s["Resource"])}


def _applies(statement: Statement, partition: str) -> bool:
    match statement.get("Condition"):
        case None:
            return True
        case {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": patterns}}:
            return _matches(patterns, partition)
        case {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }:
            return partition != "" and _matches(patterns, partition)
        case {"StringEquals": {"iam:PassedToService": str()}}:
            return True
        case other:
            raise AssertionError(f"not known: {other}")


def roles(template: Template) -> dict[str, Role]:
    """The roles of a template, by their logical ids."""
    found = {
        name: Role(name, [s for p in r["Properties"].get("Policies", ()) for s in p["PolicyDocument"]["Statement"]])
        for name, r in template["Resources"].items()
        if r["Type"] == "AWS::IAM::Role"
    }
    for resource in template["Resources"].values():
        if resource["Type"] in {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}:
            for role in resource["Properties"].get("Roles", ()):
                if name := role.get("Ref"):
                    found[name].statements.extend(resource["Properties"]["PolicyDocument"]["Statement"])
    return found


def functions(template: Template) -> Iterator[tuple[str, Role, dict[str, Any]]]:
    """(entry point, role, variables) of each of our Lambdas."""
    known = roles(template)
    for resource in template["Resources"].values():
        properties = resource["Properties"] if resource["Type"] == "AWS::Lambda::Function" else {}
        if properties.get("Handler", "").startswith("functions.entrypoints."):
            name = properties["Handler"].split(".")[2]
            role = properties["Role"]["Fn::GetAtt"][0]
            yield name, known[role], properties.get("Environment", {}).get("Variables", {})
