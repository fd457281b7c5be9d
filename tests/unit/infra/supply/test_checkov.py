"""Checkov's findings against the answers to them."""

import json
from pathlib import Path

import pytest

from infra.supply import __main__ as command
from infra.supply import checkov
from infra.supply.checkov import Answer, Finding

FAILED = {
    "check_id": "CKV_AWS_18",
    "check_name": "access logs",
    "file_path": "/Patchbay-prod-Data.template.json",
    "resource": "AWS::S3::Bucket.ObjectsLogsF38091EB",
}
REPORT = {"results": {"failed_checks": [FAILED]}, "summary": {"parsing_errors": 0}}
FINDING = Finding("CKV_AWS_18", "Data/S3::Bucket.ObjectsLogsF38091EB", "access logs")
LOGS = Answer("CKV_AWS_18", r"Data/S3::Bucket.ObjectsLogs\w+", "this is where access logs go")


def program(folder: Path, report: object) -> Path:
    """A Checkov that says that, and, as the real one does, talks of other things beside."""
    path = folder / "checkov"
    path.write_text(f"#!/bin/sh\necho 'no network' >&2\ncat <<'END'\n{report}\nEND\nexit 1\n")
    path.chmod(0o755)
    return path


def test_a_report_is_read(tmp_path: Path) -> None:
    for told in (REPORT, [REPORT]):
        assert checkov.run(str(program(tmp_path, json.dumps(told))), tmp_path) == [FINDING]


@pytest.mark.parametrize("told", ["", "Traceback", "{}", "[]", '{"results": {}}'])
def test_no_report_is_no_clean_bill(tmp_path: Path, told: str) -> None:
    with pytest.raises(RuntimeError, match="no report: no network"):
        checkov.run(str(program(tmp_path, told)), tmp_path)


def test_templates_that_could_not_be_read_are_no_clean_bill() -> None:
    with pytest.raises(ValueError, match="could not be read"):
        checkov.findings({"results": {"failed_checks": []}, "summary": {"parsing_errors": 1}})


@pytest.mark.parametrize(
    ("answer", "covers"),
    [
        (LOGS, True),
        (Answer("CKV_AWS_19", LOGS.resources, LOGS.reason), False),
        (Answer("CKV_AWS_18", r"Data/S3::Bucket.ObjectsLogs", LOGS.reason), False),
        (Answer("CKV_AWS_18", r"Api/.*", LOGS.reason), False),
    ],
)
def test_an_answer_is_for_its_rule_and_whole_names(answer: Answer, covers: bool) -> None:
    assert checkov.unanswered([FINDING], [answer]) == ([] if covers else [FINDING])
    assert checkov.unneeded([FINDING], [answer]) == ([] if covers else [answer])


def test_every_committed_answer_has_a_reason_and_a_resource() -> None:
    given = checkov.answers()
    assert given
    for answer in given:
        assert answer.rule.startswith("CKV")
        assert "/" in answer.resources
        assert answer.resources not in {".*", r"\w+/.*"}


def test_an_answer_without_a_reason_is_none(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("CKV_AWS_1:\n  - resources: .*\n    reason: because\n")
    with pytest.raises(ValueError, match="CKV_AWS_1"):
        checkov.answers(path)


def test_the_command_fails_on_what_is_new_and_on_what_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called = ["checkov", "--program", str(program(tmp_path, json.dumps(REPORT))), str(tmp_path)]
    for given, status, said in (
        ([LOGS], 0, "1 findings, 1 of them answered"),
        ([], 1, "CKV_AWS_18 Data/S3::Bucket.ObjectsLogsF38091EB: access logs"),
        ([LOGS, Answer("CKV_AWS_2", "x", "y")], 1, "nothing needs this answer any more"),
    ):
        monkeypatch.setattr(checkov, "answers", lambda given=given: given)
        assert command.main(called) == status
        assert said in capsys.readouterr().out
