"""Checkov's rules on the templates, and an answer for each finding that stays.

Checkov fights with our pins, and so has an environment of its own; here its report is read and held against the
answers. A finding without one fails, as does an answer that nothing needs any more.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ANSWERS = Path(__file__).with_name("checkov.yaml")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A rule that a resource of a template breaks."""

    rule: str
    resource: str
    """`Stack/Type.LogicalId`"""
    name: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a rule's findings on some resources stay."""

    rule: str
    resources: str
    """Regular expression of a whole `Stack/Type.LogicalId`."""
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it is the answer to a finding."""
        return finding.rule == self.rule and bool(re.fullmatch(self.resources, finding.resource))


def run(program: str, folder: Path) -> list[Finding]:
    """What Checkov finds in a folder of templates. Raises RuntimeError if it makes no report."""
    told = ["--framework", "cloudformation", "--output", "json", "--compact", "--quiet", "--directory", str(folder)]
    done = subprocess.run([program, *told], capture_output=True, timeout=600, check=False)
    try:
        return findings(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        raise RuntimeError(f"Checkov made no report: {done.stderr[-500:].decode(errors='replace')}") from None


def findings(report: Any) -> list[Finding]:
    """The findings of a report. Raises KeyError, TypeError, ValueError for what is none."""
    (told,) = report if isinstance(report, list) else [report]
    if told.get("summary", {}).get("parsing_errors"):
        raise ValueError("a template could not be read")
    return sorted({_finding(each) for each in told["results"]["failed_checks"]})


def answers(path: Path = ANSWERS) -> list[Answer]:
    """The committed answers. Raises ValueError for one without a reason."""
    made = []
    for rule, told in yaml.safe_load(path.read_text()).items():
        for each in told:
            if len(str(each.get("reason", ""))) < 20:
                raise ValueError(f"{rule}: an answer needs a reason")
            made.append(Answer(rule, each["resources"], each["reason"]))
    return made


def unanswered(found: Iterable[Finding], given: Sequence[Answer]) -> list[Finding]:
    """Findings that nothing answers."""
    return [each for each in found if not any(answer.covers(each) for answer in given)]


def unneeded(found: Sequence[Finding], given: Iterable[Answer]) -> list[Answer]:
    """Answers that no finding needs."""
    return [answer for answer in given if not any(answer.covers(each) for each in found)]


def _finding(told: Mapping[str, Any]) -> Finding:
    stack = Path(told["file_path"]).name.removesuffix(".template.json").rpartition("-")[2]
    return Finding(told["check_id"], f"{stack}/{told['resource'].removeprefix('AWS::')}", told["check_name"])
