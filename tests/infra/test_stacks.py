"""What each stage consists of, and that its parts fit each other and the code."""

import importlib.util
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.http.app import PREFLIGHT_HEADERS, SECURITY_HEADERS
from infra.constructs.buckets import (
    INCOMING,
    INCOMING_AUDIO,
    INCOMING_PICTURES,
    INCOMING_VIDEOS,
    ORDERS,
    RESULTS,
    UPLOADS,
    VIDEOS,
)
from infra.constructs.definition_check import check
from patchbay.catalog.backends import BELLS
from patchbay.catalog.compute import QUEUED
from patchbay.catalog.dialects import DIALECTS
from patchbay.core.layout import PENDING_KEPT
from patchbay.core.picture_uploads import incoming_key as incoming_picture
from patchbay.domain.assets import incoming_key, order_prefix, result_prefix, upload_key
from patchbay.domain.videos import Video
from tests.infra.test_launch_rights import of_lambda
from tests.infra.test_notices import named
from tests.support.templates import resources, templates

EVERY = ("twin", "dev", "prod")
OUTPUTS = {
    "HttpApiId",
    "HttpApiUrl",
    "MediaBucketName",
    "WeightsBucketName",
    "WeightsUrl",
    "TableName",
    "BusName",
    "StateMachineArn",
    "TaskQueueUrlGpu",
    "TaskQueueUrlCpu",
    "ReconcileFunctionName",
}
REFUSED_BY_THE_EMULATOR = (
    "AWS::Batch",
    "AWS::SageMaker",
    "AWS::Events::ApiDestination",
    "AWS::Events::Connection",
    "AWS::Events::Archive",
    "AWS::StepFunctions::Activity",
    "AWS::EC2",
)


def machine(stage: str) -> dict[str, Any]:
    (properties,) = resources(stage, "AWS::StepFunctions::StateMachine").values()
    told: dict[str, Any] = properties
    return told


def film(tenant_id: str, video_id: str) -> Video:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Video(id=video_id, tenant_id=tenant_id, name="v", created_at=now, updated_at=now)


def test_prefixes_are_those_of_the_keys_that_the_core_makes() -> None:
    assert upload_key("t", "a").startswith(UPLOADS)
    assert incoming_key("t", "a").startswith(INCOMING_AUDIO)
    assert incoming_picture("t", "a").startswith(INCOMING_PICTURES)
    assert INCOMING_AUDIO.startswith(INCOMING)
    assert INCOMING_PICTURES.startswith(INCOMING)
    assert film("t", "v").incoming_key.startswith(INCOMING_VIDEOS)
    assert INCOMING_VIDEOS.startswith(INCOMING)
    assert film("t", "v").taken_key("etag").startswith(VIDEOS)
    assert result_prefix("t", "f").startswith(RESULTS)
    assert order_prefix("t").startswith(ORDERS)


@pytest.mark.parametrize("stage", EVERY)
def test_results_expire_and_unfinished_uploads_are_dropped(stage: str) -> None:
    buckets = resources(stage, "AWS::S3::Bucket").items()
    (media,) = [bucket for name, bucket in buckets if "Media" in name]
    unfinished, *rules = media["LifecycleConfiguration"]["Rules"]
    (untaken,), forgotten = ([r for r in rules if (r["Prefix"] == INCOMING) is own] for own in (True, False))
    assert (untaken["ExpirationInDays"], untaken["Status"]) == (PENDING_KEPT.days, "Enabled")
    assert unfinished["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    functions = resources(stage, "AWS::Lambda::Function").values()
    told = {f["Environment"]["Variables"].get("PATCHBAY_RETENTION_DAYS") for f in functions}
    assert [rule["Prefix"] for rule in forgotten] == [RESULTS, BELLS, ORDERS]
    kept = {rule["Prefix"]: str(rule["ExpirationInDays"]) for rule in forgotten}
    assert kept.pop(BELLS) == "2"
    assert set(kept.values()) == {str(2 * int(days)) for days in told}


@pytest.mark.parametrize("stage", EVERY)
def test_what_is_sent_and_what_is_taken_is_told_and_pictures_are_not(stage: str) -> None:
    rule = named(stage, "AWS::Events::Rule", "Pipeline/UploadRule")
    places = rule["EventPattern"]["detail"]["object"]["key"]
    assert places == [{"prefix": INCOMING_AUDIO}, {"prefix": UPLOADS}]


@pytest.mark.parametrize("stage", EVERY)
def test_who_takes_uploads_reads_what_was_sent_and_writes_where_no_url_reaches(stage: str) -> None:
    for stack, names in (("Pipeline", ("plan_job", "upload_finished")), ("Api", ("api_native", "api_twoshot"))):
        for name in names:
            may = {
                (action, json.loads(on).get("Fn::Join", ["", [""]])[1][-1])
                for action, on in of_lambda(templates(stage)[stack], name)
                if action.startswith("s3:")
            }
            assert {("s3:GetObject", f"/{INCOMING_AUDIO}*"), ("s3:DeleteObject", f"/{INCOMING_AUDIO}*")} <= may
            assert ("s3:PutObject", f"/{UPLOADS}*") in may
            assert (("s3:PutObject", f"/{INCOMING_AUDIO}*") in may) is (stack == "Api"), "only an API signs for it"
            for prefix in (INCOMING_PICTURES, INCOMING_VIDEOS, VIDEOS):
                for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
                    assert ((action, f"/{prefix}*") in may) is (name == "api_twoshot")


def test_only_machines_and_the_front_are_left_out_of_the_twin() -> None:
    assert set(templates("prod")) - set(templates("twin")) == {"Compute", "Studio", "Watching"}
    kinds = {r["Type"] for template in templates("twin").values() for r in template["Resources"].values()}
    assert [kind for kind in kinds if kind.startswith(REFUSED_BY_THE_EMULATOR)] == []


@pytest.mark.parametrize("stage", EVERY)
def test_what_others_look_up_is_put_out(stage: str) -> None:
    assert {name for template in templates(stage).values() for name in template.get("Outputs", {})} >= OUTPUTS


@pytest.mark.parametrize("stage", EVERY)
def test_no_template_names_an_account_a_region_or_a_zone(stage: str) -> None:
    text = json.dumps(templates(stage))
    for name in ("us-east-1", "eu-central-1", "000000000000", "123456789012"):
        assert name not in text


@pytest.mark.parametrize("stage", EVERY)
def test_every_path_of_every_dialect_leads_to_its_lambda(stage: str) -> None:
    template = templates(stage)["Api"]["Resources"]
    routes = {r["Properties"]["RouteKey"]: r["Properties"] for r in template.values() if r["Type"].endswith("::Route")}
    wanted = {f"ANY {path}{end}": d.name for d in DIALECTS for path in d.paths for end in ("", "/{proxy+}")}
    assert set(routes) == {*wanted, "$default"}
    for key, dialect in {**wanted, "$default": "native"}.items():
        integration = template[routes[key]["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]
        function = template[integration["IntegrationUri"]["Fn::GetAtt"][0]]["Properties"]
        assert function["Handler"] == f"functions.entrypoints.api_{dialect}.handler"
        assert integration["PayloadFormatVersion"] == "2.0"


@pytest.mark.parametrize("stage", EVERY)
def test_every_lambda_has_its_entry_point_and_runs_where_the_layers_were_made_for(stage: str) -> None:
    functions = resources(stage, "AWS::Lambda::Function")
    assert len(functions) == 18 + len(DIALECTS) + (stage != "twin")
    for name, function in functions.items():
        module, _, attribute = function["Handler"].rpartition(".")
        assert importlib.util.find_spec(module) is not None, name
        assert attribute == "handler"
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == "python3.12"
        assert len(function["Layers"]) == (1 if stage == "twin" else 2)
        assert "LogGroup" in function["LoggingConfig"]


@pytest.mark.parametrize("stage", EVERY)
def test_the_api_answers_before_the_gateway_gives_up(stage: str) -> None:
    functions = [f for name, f in resources(stage, "AWS::Lambda::Function").items() if name.startswith("Api/")]
    assert {(f["Timeout"], f["MemorySize"]) for f in functions} == {(29, 1024)}


@pytest.mark.parametrize("stage", EVERY)
def test_browsers_may_call_the_api_and_read_the_parts_etags(stage: str) -> None:
    (api,) = [a for a in resources(stage, "AWS::ApiGatewayV2::Api").values() if a["ProtocolType"] == "HTTP"]
    declared = api["CorsConfiguration"]
    for ours, kind in ((PREFLIGHT_HEADERS, "Allow-Headers"), (PREFLIGHT_HEADERS, "Allow-Methods"),
                       (SECURITY_HEADERS, "Expose-Headers")):  # fmt: skip
        told = set(ours[f"access-control-{kind.lower()}"].split(", "))
        assert told <= set(declared[kind.replace("-", "")]), "what the Lambdas say the gateway drops"
    assert declared["AllowOrigins"] == ["*"]
    (rules,) = [
        b["CorsConfiguration"] for b in resources(stage, "AWS::S3::Bucket").values() if "CorsConfiguration" in b
    ]
    assert rules["CorsRules"][0]["ExposedHeaders"] == ["ETag"]
    assert {"PUT", "POST", "GET"} <= set(rules["CorsRules"][0]["AllowedMethods"])


@pytest.mark.parametrize("stage", EVERY)
def test_tasks_that_kill_workers_are_buried(stage: str) -> None:
    queues = resources(stage, "AWS::SQS::Queue")
    of_tasks = [q for name, q in queues.items() if name.startswith("Pipeline/Tasks") and "RedrivePolicy" in q]
    assert len(of_tasks) == len(QUEUED)
    (dead,) = {q["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for q in of_tasks}
    assert {q["RedrivePolicy"]["maxReceiveCount"] for q in of_tasks} == {3}
    assert {(q["VisibilityTimeout"], q["MessageRetentionPeriod"]) for q in of_tasks} == {(60, 14 * 86400)}
    mappings = resources(stage, "AWS::Lambda::EventSourceMapping").values()
    (bury,) = [m for m in mappings if m["EventSourceArn"].get("Fn::GetAtt", [""])[0] == dead]
    assert bury["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("stage", EVERY)
def test_a_change_that_cannot_be_published_is_kept(stage: str) -> None:
    mappings = resources(stage, "AWS::Lambda::EventSourceMapping")
    streams = {m["FunctionName"]["Ref"]: m for m in mappings.values() if "FilterCriteria" in m}
    assert len(streams) == 2, "a stream bears two readers"
    for stream in streams.values():
        assert stream["BisectBatchOnFunctionError"] is True
        assert stream["MaximumRecordAgeInSeconds"] == 20 * 3600
        assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert stream["DestinationConfig"]["OnFailure"]["Destination"]
    (publish,) = [stream for name, stream in streams.items() if name.startswith("PublishChanges")]
    assert publish.get("MaximumRetryAttempts", -1) == -1
    patterns = [json.loads(f["Pattern"]) for f in publish["FilterCriteria"]["Filters"]]
    assert {"dynamodb": {"NewImage": {"kind": {"S": ["job", "asset", "budget"]}}}} in patterns


@pytest.mark.parametrize("stage", EVERY)
def test_the_search_index_hears_of_every_change_of_what_is_found_and_of_nothing_else(stage: str) -> None:
    """Not of its own postings above all: it would never come to an end."""
    mappings = resources(stage, "AWS::Lambda::EventSourceMapping").values()
    (index,) = [m for m in mappings if m["FunctionName"].get("Ref", "").startswith("IndexSamples")]
    patterns = [json.loads(f["Pattern"]) for f in index["FilterCriteria"]["Filters"]]
    assert patterns == [
        {"dynamodb": {"NewImage": {"kind": {"S": ["sample", "project"]}}}},
        {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"kind": {"S": ["sample", "project"]}}}},
    ]
    assert index["MaximumRetryAttempts"] > 0, "one sample that cannot be indexed stops the others for a while only"
    assert index["ParallelizationFactor"] > 1


@pytest.mark.parametrize("stage", EVERY)
def test_the_state_machine_as_deployed_is_sound_and_calls_what_exists(stage: str) -> None:
    deployed = machine(stage)
    check(json.loads(deployed["DefinitionString"]))
    used = {s[2:-1] for s in json.dumps(deployed["DefinitionString"]).replace('\\"', '"').split('"') if s[:2] == "${"}
    assert used == set(deployed["DefinitionSubstitutions"])
    assert deployed["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert deployed["LoggingConfiguration"]["Level"] == "ALL"
