"""The machines: who they wait for, what they run, and that they go."""

import json
from email import message_from_string
from typing import Any

import pytest

from infra.constructs.machine_guard import WORKER_UID
from patchbay.catalog import warm
from patchbay.catalog.backends import BELLS, INVOCATION_S
from patchbay.catalog.compute import CLASSES, QUEUED
from patchbay.catalog.models import MODELS
from tests.support.templates import Template, on_sagemaker, resources, templates

CLOUD = ("dev", "prod")


def launcher_of(template: Template) -> dict[str, str]:
    functions = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    (dispatch,) = [f for f in functions if f["Handler"].endswith("dispatch_step.handler")]
    told: dict[str, str] = dispatch["Environment"]["Variables"]
    return told


def of_kind(template: Template, kind: str) -> list[dict[str, Any]]:
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == kind]


def only(template: Template, kind: str) -> dict[str, Any]:
    (found,) = of_kind(template, kind)
    return found


@pytest.mark.parametrize("stage", CLOUD)
def test_batch_is_submitted_to_by_the_names_it_has(stage: str) -> None:
    told = launcher_of(templates(stage)["Pipeline"])
    queues = {q["JobQueueName"] for q in resources(stage, "AWS::Batch::JobQueue").values()}
    definitions = {d["JobDefinitionName"]: d for d in resources(stage, "AWS::Batch::JobDefinition").values()}
    for compute in QUEUED:
        end = compute.name.upper()
        assert {told[f"PATCHBAY_BATCH_QUEUE_{end}"], told[f"PATCHBAY_BATCH_ON_DEMAND_{end}"]} <= queues
        container = definitions[told[f"PATCHBAY_BATCH_DEFINITION_{end}"]]["ContainerProperties"]
        needs = {n["Type"]: n["Value"] for n in container["ResourceRequirements"]}
        assert needs["MEMORY"] == str(compute.memory_mib)
        assert needs.get("GPU", "0") == str(compute.gpus)
        # Arguments only: the image's entry point is the worker.
        assert container["Command"] == ["--queue", compute.name, "--idle-s", told["PATCHBAY_IDLE_S"]]


@pytest.mark.parametrize("stage", CLOUD)
def test_machines_go_when_there_is_no_work_and_spot_comes_first(stage: str) -> None:
    environments = resources(stage, "AWS::Batch::ComputeEnvironment")
    assert all(e["ComputeResources"]["MinvCpus"] == 0 for e in environments.values())
    for queue in resources(stage, "AWS::Batch::JobQueue").values():
        ordered = sorted(queue["ComputeEnvironmentOrder"], key=lambda each: int(each["Order"]))
        names = ["Compute/" + each["ComputeEnvironment"]["Fn::GetAtt"][0] for each in ordered]
        kinds = [environments[name]["ComputeResources"]["Type"] for name in names]
        assert kinds == (["EC2"] if queue["JobQueueName"].endswith("-on-demand") else ["SPOT", "EC2"])


def test_a_lost_machine_is_replaced_and_a_failed_worker_is_not() -> None:
    for definition in resources("prod", "AWS::Batch::JobDefinition").values():
        rules = definition["RetryStrategy"]["EvaluateOnExit"]
        assert rules == [
            {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
            {"Action": "RETRY", "OnReason": "CannotPullContainerError:*"},
            {"Action": "RETRY", "OnStatusReason": "Task failed to start*"},
            {"Action": "RETRY", "OnExitCode": "75"},
            {"Action": "EXIT", "OnReason": "*"},
        ]
        assert len(rules) <= 5, "Batch takes no more"


def test_a_container_writes_nowhere_but_to_its_scratch_and_is_nobody() -> None:
    for definition in resources("prod", "AWS::Batch::JobDefinition").values():
        container = definition["ContainerProperties"]
        assert container["ReadonlyRootFilesystem"] is True
        assert container["User"] == str(WORKER_UID)
        assert container["LinuxParameters"]["InitProcessEnabled"] is True
        assert [m["ContainerPath"] for m in container["MountPoints"]] == ["/tmp"]
        assert container.get("Privileged", False) is False


def test_the_machines_disks_are_sealed_and_their_own_credentials_out_of_reach() -> None:
    for template in resources("prod", "AWS::EC2::LaunchTemplate").values():
        data = template["LaunchTemplateData"]
        (disk,) = [mapping["Ebs"] for mapping in data["BlockDeviceMappings"]]
        assert (disk["Encrypted"], disk["VolumeType"], disk["Throughput"]) == (True, "gp3", 400)
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        text = data["UserData"]["Fn::Base64"]
        parts = message_from_string(text if isinstance(text, str) else "".join(map(str, text["Fn::Join"][1])))
        assert parts.is_multipart()
        assert f"--uid-owner {WORKER_UID}" in str(parts)


def test_machines_of_a_later_deployment_begin_as_its_template_says() -> None:
    """Not by the default version, which stays the first one: an upgrade would not bring the guard."""
    known = {name.rpartition("/")[2] for name in resources("prod", "AWS::EC2::LaunchTemplate")}
    for environment in resources("prod", "AWS::Batch::ComputeEnvironment").values():
        told = environment["ComputeResources"]["LaunchTemplate"]
        assert told["LaunchTemplateId"]["Ref"] in known
        assert told["Version"] == {"Fn::GetAtt": [told["LaunchTemplateId"]["Ref"], "LatestVersionNumber"]}
        assert environment["ReplaceComputeEnvironment"] is False, "its queues would hold on to the old one"


def test_every_model_fits_the_gpus_of_its_class() -> None:
    """Then one class of them does: a second one would only be further machines to wait for."""
    largest = max(model.memory_mib for model in MODELS.values())
    assert largest <= CLASSES["gpu"].gpu_memory_mib // 2, "twice, for a model and what it computes"
    assert [each.name for each in QUEUED if each.gpus] == ["gpu"]


def test_an_endpoint_is_rung_by_the_name_it_has_and_works_for_its_class() -> None:
    made = on_sagemaker()
    compute = made["Compute"]
    assert not any(r["Type"].startswith(("AWS::Batch", "AWS::EC2")) for r in compute["Resources"].values())
    told = launcher_of(made["Pipeline"])
    endpoint = only(compute, "AWS::SageMaker::Endpoint")
    assert told["PATCHBAY_SAGEMAKER_ENDPOINT_GPU"] == endpoint["EndpointName"]
    assert {"PATCHBAY_SAGEMAKER_ROLE_ARN", "PATCHBAY_SAGEMAKER_IMAGE_CPU"} <= told.keys()
    assert "PATCHBAY_SAGEMAKER_IMAGE_GPU" not in told
    env = only(compute, "AWS::SageMaker::Model")["PrimaryContainer"]["Environment"]
    assert env["PATCHBAY_ENDPOINT_QUEUE"] == "gpu"
    assert {
        "PATCHBAY_TABLE",
        "PATCHBAY_QUEUE_URL_GPU",
        "PATCHBAY_STATE_MACHINE_ARN",
        "AWS_DEFAULT_REGION",
    } <= env.keys()
    assert all(isinstance(value, dict) or len(value) <= 1024 for value in env.values()), "SageMaker takes no more"
    assert "iam:PassedToService" in json.dumps(made["Pipeline"])


def test_an_endpoint_answers_one_invocation_at_a_time_into_what_is_soon_forgotten() -> None:
    config = only(on_sagemaker()["Compute"], "AWS::SageMaker::EndpointConfig")
    how = config["AsyncInferenceConfig"]
    assert how["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 1}
    assert f"/{BELLS}" in json.dumps(how["OutputConfig"])
    (variant,) = config["ProductionVariants"]
    assert variant["InstanceType"] == CLASSES["gpu"].sagemaker_instance
    assert variant["ContainerStartupHealthCheckTimeoutInSeconds"] < INVOCATION_S


def test_an_endpoint_comes_from_nothing_goes_back_to_it_and_has_its_hours() -> None:
    compute = on_sagemaker()["Compute"]
    target = only(compute, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 2)
    assert target["ResourceId"] == "endpoint/patchbay-dev-gpu-workers/variant/workers"
    least = {a["Schedule"]: a["ScalableTargetAction"]["MinCapacity"] for a in target["ScheduledActions"]}
    assert least == {"cron(0 7 * * ? *)": 1, "cron(0 19 * * ? *)": 0}
    assert warm.parse("gpu=1@7-19")["gpu"].hours == 12
    policies = {p["PolicyType"]: p for p in of_kind(compute, "AWS::ApplicationAutoScaling::ScalingPolicy")}
    assert set(policies) == {"TargetTrackingScaling", "StepScaling"}
    alarm = only(compute, "AWS::CloudWatch::Alarm")
    assert alarm["MetricName"] == "HasBacklogWithoutCapacity"
    (first,) = [name for name in compute["Resources"] if name.startswith("GpuEndpointFirst")]
    assert alarm["AlarmActions"] == [{"Ref": first}]
