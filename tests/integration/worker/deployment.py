"""A deployment's store, queue and state machine on an emulator, and workers as processes beside it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from patchbay.bootstrap import Services
from patchbay.catalog.compute import DELIVERIES
from patchbay.core import layout, store
from patchbay.domain import jobs as life
from patchbay.domain.base import utc_now
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job
from patchbay.domain.steps import Step, StepInput
from patchbay.domain.tasks import TaskMessage
from patchbay.ports import INDEXES

ROOT = Path(__file__).resolve().parents[3]
PROCESS = Path(__file__).with_name("process.py")
TABLE, BUCKET = "worker-tests", "worker-tests"
Json = dict[str, Any]


def wait_for(what: Callable[[], object], limit_s: float, why: str = "") -> float:
    """Seconds until `what()` is true."""
    start = time.monotonic()
    while not what():
        if time.monotonic() - start > limit_s:
            raise AssertionError(f"not within {limit_s} s: {why}")
        time.sleep(0.05)
    return time.monotonic() - start


class WorkerProcess:
    """One worker process; its log is kept in a file."""

    def __init__(self, command: list[str], env: Mapping[str, str], log: Path) -> None:
        self.log_file = log
        self.started = time.monotonic()
        with log.open("wb") as out:
            self.process = subprocess.Popen(command, env=dict(env), stdout=out, stderr=out, cwd=ROOT)

    def log(self) -> list[Json]:
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def said(self, text: str) -> Json | None:
        return next((line for line in self.log() if text in line.get("message", "")), None)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, limit_s: float) -> int:
        return self.process.wait(limit_s)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@dataclass
class Deployment:
    """One test's queue in the shared table and bucket."""

    services: Services
    env: Mapping[str, str]
    folder: Path
    dead_url: str
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def queue_url(self) -> str:
        return self.services.settings.queue_url_gpu

    def start(self, *more: str, module: bool = False, lease_s: float = 3.0) -> WorkerProcess:
        what = ["-m", "gpu_workers.runtime"] if module else [str(PROCESS)]
        given = ["--queue", "gpu", "--idle-s", "60", "--lease-s", str(lease_s), *more]
        log = self.folder / f"worker-{len(self.workers)}.log"
        worker = WorkerProcess([sys.executable, *what, *given], self.env, log)
        self.workers.append(worker)
        return worker

    def order(self, params: Json, *, engine: str = "obedient", body: bytes = b"some input", **more: Any) -> TaskMessage:
        """A job with one step, and its input in the bucket; nothing is on the queue yet."""
        tenant, job_id = new_id(), new_id()
        key = f"uploads/{tenant}/{new_id()}"
        (self.folder / "input").write_bytes(body)
        self.services.objects.upload(self.folder / "input", key, media_type="audio/wav")
        now = utc_now()
        job = Job(
            id=job_id,
            tenant_id=tenant,
            application_id="a",
            dialect="native",
            workflow="w",
            state=life.JobState.STARTED,
            created_at=now,
            started_at=now,
        )
        step = Step(
            tenant_id=tenant,
            job_id=job_id,
            index=0,
            name="step",
            engine=engine,
            compute="gpu",
            params=params,
            inputs=(StepInput(name=more.pop("input_name", "input"), key=key),),
            fingerprint=new_id(),
            timeout_s=600,
            **more,
        )
        self.services.records.write(layout.put_job(job))
        self.services.records.write(layout.put_step(step, int(time.time()) + 3600))
        return TaskMessage(tenant_id=tenant, job_id=job_id, step=0, task_token="nobody-waits")

    def send(self, message: TaskMessage) -> TaskMessage:
        self.services.queues.send("gpu", message)
        return message

    def step(self, message: TaskMessage) -> Step:
        found = store.load(self.services.records, Step, layout.step_key(message.job_id, 0))
        assert found is not None
        return found

    def job(self, message: TaskMessage) -> Job:
        found = store.load(self.services.records, Job, layout.job_key(message.tenant_id, message.job_id))
        assert found is not None
        return found

    def cancel(self, message: TaskMessage) -> None:
        key = layout.job_key(message.tenant_id, message.job_id)
        store.change(self.services.records, Job, key, lambda j: life.cancel(j, utc_now()), layout.put_job)

    def left(self, url: str | None = None) -> tuple[int, int]:
        """Messages that are visible, and that are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = client("sqs").get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=["All"])["Attributes"]
        return int(told[names[0]]), int(told[names[1]])


def client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]


def environment(port: int) -> dict[str, str]:
    """What a worker process is given; nothing else of this process's surroundings."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/patchbay/src")]),
        "PATCHBAY_TABLE": TABLE,
        "PATCHBAY_MEDIA_BUCKET": BUCKET,
    }


def make_store() -> None:
    """The table and the bucket."""
    names = ["pk", "sk", *INDEXES]
    client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_keys("pk"),
        GlobalSecondaryIndexes=[
            {"IndexName": name, "KeySchema": _keys(name), "Projection": {"ProjectionType": "KEYS_ONLY"}}
            for name in INDEXES
        ],
    )
    client("s3").create_bucket(Bucket=BUCKET)


def make_queue(name: str) -> tuple[str, str]:
    """A queue and its dead-letter queue: their URLs."""
    sqs = client("sqs")
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": DELIVERIES})
    return sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"], dead


def _keys(partition: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
