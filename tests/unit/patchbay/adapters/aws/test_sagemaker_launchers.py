from datetime import timedelta
from typing import Any

import pytest

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.sagemaker_launchers import EndpointLauncher, ProcessingLauncher
from patchbay.catalog.compute import MAX_STEP_TIMEOUT_S
from tests.fakes.clock import FakeClock
from tests.unit.patchbay.adapters.aws.test_batch_launcher import Waiting


class SageMaker:
    """As much of SageMaker, its runtime and S3 as a launcher calls."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.made: list[dict[str, Any]] = []
        self.stored: dict[str, bytes] = {}
        self.rung: list[dict[str, Any]] = []

    def list_processing_jobs(self, *, NameContains: str, StatusEquals: str, MaxResults: int) -> Any:  # noqa: N803
        assert StatusEquals == "InProgress"
        return {"ProcessingJobSummaries": [{} for name in self.names if NameContains in name]}

    def create_processing_job(self, **told: Any) -> None:
        self.made.append(told)
        self.names.append(told["ProcessingJobName"])

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert ContentType == "application/json"
        self.stored[f"s3://{Bucket}/{Key}"] = Body

    def invoke_endpoint_async(self, **told: Any) -> None:
        assert told["InputLocation"] in self.stored, "there is nothing at the address that it is told"
        self.rung.append(told)


def processing(tasks: int, max_workers: int = 4) -> ProcessingLauncher:
    queues: Any = Waiting(tasks)
    return ProcessingLauncher(
        queues, FakeClock(), "role", {"gpu": "image"}, {"PATCHBAY_STAGE": "prod"}, max_workers, "prod", 90
    )


@pytest.mark.parametrize(
    ("running", "tasks", "launched"), [(0, 1, 1), (0, 0, 1), (1, 1, 0), (1, 3, 1), (4, 9, 0), (1, 0, 0)]
)
def test_a_processing_job_is_started_only_where_one_is_missing(
    monkeypatch: pytest.MonkeyPatch, running: int, tasks: int, launched: int
) -> None:
    sagemaker = SageMaker([f"patchbay-prod-gpu-{n}" for n in range(running)] + ["patchbay-prod-cpu-1"])
    monkeypatch.setattr(clients, "client", lambda _: sagemaker)
    processing(tasks).launch("gpu")
    assert len(sagemaker.made) == launched
    for job in sagemaker.made:
        app = job["AppSpecification"]
        assert app["ContainerEntrypoint"] == ["python", "-m", "gpu_workers.runtime", "--queue", "gpu"]
        assert app["ContainerArguments"] == ["--idle-s", "90"]
        assert job["Environment"] == {"PATCHBAY_STAGE": "prod"}
        assert job["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.g5.xlarge"
        assert job["ProcessingJobName"].startswith("patchbay-prod-gpu-")


def test_warm_processing_jobs_stay_and_are_not_stopped_before(monkeypatch: pytest.MonkeyPatch) -> None:
    sagemaker = SageMaker(["patchbay-prod-gpu-0"])
    monkeypatch.setattr(clients, "client", lambda _: sagemaker)
    until = FakeClock().now() + timedelta(hours=12)
    for _ in range(2):
        processing(1, max_workers=3).keep_warm("gpu", 2, until)
    assert len(sagemaker.made) == 2
    for job in sagemaker.made:
        assert job["AppSpecification"]["ContainerArguments"][-2:] == [
            "--stay-until",
            until.isoformat(timespec="seconds"),
        ]
        assert job["StoppingCondition"]["MaxRuntimeInSeconds"] >= 12 * 3600 + MAX_STEP_TIMEOUT_S


def test_an_endpoint_is_rung_and_told_no_more_than_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    sagemaker = SageMaker([])
    monkeypatch.setattr(clients, "client", lambda _: sagemaker)
    launcher = EndpointLauncher("media", {"gpu": "endpoint"})
    launcher.launch("gpu")
    launcher.launch("gpu")
    launcher.keep_warm("gpu", 1, FakeClock().now())
    assert sagemaker.stored == {"s3://media/endpoints/gpu.json": b'{"queue": "gpu"}'}
    assert [told["EndpointName"] for told in sagemaker.rung] == ["endpoint"] * 2
    assert {told["InvocationTimeoutSeconds"] for told in sagemaker.rung} == {3600}
