"""Other people's rules: cfn-lint's for templates and state machines, cdk-nag's for what AWS advises."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cfnlint.api import lint_all

from infra import app as infra_app
from infra.stage import stage
from tests.support.templates import Template, keep, templates


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("stage_name", ["dev", "prod"])  # the twin's never reach CloudFormation
def test_cfn_lint_finds_nothing(stage_name: str) -> None:
    for name, template in templates(stage_name).items():
        found = [match for match in lint_all(json.dumps(template)) if not match.rule.id.startswith("I")]
        assert [str(match) for match in found] == [], name


def test_cfn_lint_looks_into_the_state_machine() -> None:
    template = json.loads(json.dumps(templates("prod")["Pipeline"]))
    (machine,) = [r for r in template["Resources"].values() if r["Type"] == "AWS::StepFunctions::StateMachine"]
    broken = machine["Properties"]["DefinitionString"].replace('"StartAt": "Plan"', '"StartAt": "Nowhere"')
    machine["Properties"]["DefinitionString"] = broken
    assert any("Nowhere" in match.message for match in lint_all(json.dumps(template)))


def test_what_cdk_nag_finds_fails_the_synthesis(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False)
    infra_app.check(app, stage("prod", {}))
    s3.Bucket(cdk.Stack(app, "Careless"), "Open")
    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        app.synth()
    capfd.readouterr()


def test_templates_are_left_for_others_whole_and_as_a_stage_is_without_settings(tmp_path: Path) -> None:
    """`.ci/checkov` takes a stage's folder, once it is there, for all of the stage."""
    made: dict[str, Template] = {"Data": {"Resources": {}}, "Api": {}}
    less: dict[str, Template] = {"Data": {}}
    for chosen in (stage("twin", {}), stage("prod", {"PATCHBAY_INGEST_MAX": "2"})):
        keep(chosen, made, tmp_path)
    assert list(tmp_path.iterdir()) == []
    for content in (made, less):  # the second of two processes changes nothing
        keep(stage("prod", {}), content, tmp_path)
        (whole,) = tmp_path.iterdir()
        assert whole.name == "prod"
        assert {path.name: json.loads(path.read_text()) for path in whole.iterdir()} == {
            f"Patchbay-prod-{name}.template.json": template for name, template in made.items()
        }
