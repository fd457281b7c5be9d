"""`up`: start everything, keep it running, and leave nothing behind."""

import asyncio
import base64
import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra.twin import emulator, processes
from infra.twin.certs import ensure_certificates
from infra.twin.deploy import Deployer, deployed_fingerprint
from infra.twin.emulator_client import ACCOUNT, REGION, EmulatorClient, EmulatorError
from infra.twin.fingerprint import folder_fingerprint, repository_fingerprint
from infra.twin.folder import DataFolder
from infra.twin.front_door import FrontDoor
from infra.twin.ingest import Ingest, IngestKeeper
from infra.twin.ingest import command as ingest_command
from infra.twin.objects import Objects
from infra.twin.outputs import api_id, find_output, read_outputs
from infra.twin.server import Server, bind, free_port, make_server
from infra.twin.sigv4 import Credentials
from infra.twin.sockets import Sockets
from infra.twin.state import TwinState, clear_pid, read_state, write_state
from infra.twin.studio import Studio
from infra.twin.studio_build import StudioBuild
from infra.twin.supervisor import Supervisor, WorkerClass, worker_command
from infra.twin.upstream import Upstream
from patchbay.catalog.dialects import download_paths, ingest_paths
from patchbay.settings import from_env

ROOT = Path(__file__).resolve().parents[2]
COMPUTE_CLASSES = {"gpu": "TaskQueueUrlGpu", "cpu": "TaskQueueUrlCpu"}
SOCKET_STAGE = "live"
STUDIO = ROOT / "infra" / "studio"
EMULATOR_START_S = 60.0
EMULATOR_STOP_S = 15.0
LONGEST_RESTART_PAUSE_S = 30.0

logger = logging.getLogger("patchbay.twin")


class CannotStart(Exception):
    """The twin cannot run; the text is for the person who started it."""


@dataclass(frozen=True)
class Options:
    """What the person who starts a twin may choose."""

    port: int
    data: Path
    app: str | None = None

    @property
    def base_url(self) -> str:
        """The address that clients are given."""
        return f"https://localhost:{self.port}"


def say(text: str) -> None:
    """Tell the person at the terminal what takes long."""
    sys.stderr.write(f"  {text} ...\n")


def child_environment(options: Options, secret: str, emulator_port: int, given: Mapping[str, str]) -> dict[str, str]:
    """What every child gets: the caller's environment without a trace of a real AWS account."""
    kept = {name: value for name, value in given.items() if not name.startswith(("AWS_", "CDK_"))}
    no_proxy = ",".join(filter(None, (given.get("NO_PROXY") or given.get("no_proxy"), "127.0.0.1,localhost,::1")))
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": ACCOUNT,  # the emulator takes an account's number as its key
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{emulator_port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        # A profile in the home folder must not win over the above.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "PATCHBAY_STAGE": "twin",
        "PATCHBAY_PUBLIC_URL": options.base_url,
        # Users' webhook receivers and result stores on this machine may be the twin itself.
        "PATCHBAY_EXTRA_CA": str(options.data / "ca.pem"),
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "PYTHONUNBUFFERED": "1",
    }


def vault_key(secret: str) -> str:
    """What this twin's functions seal secrets with: as lasting as its data."""
    return base64.b64encode(hashlib.sha256(b"patchbay twin vault\0" + secret.encode()).digest()).decode()


class Twin:
    """One run. `serve` returns only by being cancelled or by an error; `close` undoes whatever it had started."""

    def __init__(self, options: Options, data: DataFolder) -> None:
        self._options = options
        self._data = data
        previous = read_state(data.state) or {}
        self._emulator_port = free_port(_port_of(previous.get("emulator_endpoint")))
        self._secret = data.secret()
        self._environment = child_environment(options, self._secret, self._emulator_port, os.environ)
        self._client = EmulatorClient(self._endpoint)
        self._upstream = Upstream(self._emulator_port)
        self._ingest_upstream: Upstream | None = None
        self._ingest: IngestKeeper | None = None
        self._emulator: subprocess.Popen[bytes] | None = None
        self._supervisor: Supervisor | None = None
        self._server: Server | None = None
        self._outputs: dict[str, str] = {}
        self._closing = False
        # Another app than the product's has no studio.
        shown = options.app is None and (STUDIO / "package.json").is_file()
        self._studio = StudioBuild(STUDIO, self._environment, data.logs / "studio.log") if shown else None

    @property
    def _endpoint(self) -> str:
        return f"http://127.0.0.1:{self._emulator_port}"

    async def serve(self) -> None:
        """Start everything and keep it running."""
        certificates = ensure_certificates(self._data.root)
        sockets = bind(self._options.port)
        self._start_emulator()
        self._outputs = await self._ensure_deployed()
        environment = await self._settings()
        self._supervisor = Supervisor(self._client, self._worker_classes(environment))
        await self._reconcile()
        self._server = make_server(self._front_door(self._make_ingest(environment)), certificates)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._server.serve(sockets=sockets))
            await self._server.serving()
            self._announce(environment)
            group.create_task(self._supervisor.run())
            group.create_task(self._keep_emulator())
            if self._ingest:
                group.create_task(self._ingest.run())
            if self._studio:
                group.create_task(self._studio.run())

    async def close(self) -> None:
        """Stop what uses the emulator while it still answers (workers give their tasks back), then everything else."""
        self._closing = True
        if self._server:
            self._server.should_exit = True
        beside = [part for part in (self._supervisor, self._ingest) if part]
        await asyncio.gather(*(part.stop() for part in beside))
        if self._emulator:
            await processes.stop(self._emulator, EMULATOR_STOP_S)
        processes.kill_descendants()
        await self._client.close()
        for upstream in filter(None, (self._upstream, self._ingest_upstream)):
            await upstream.close()
        clear_pid(self._data.state)

    def _start_emulator(self) -> None:
        settings = emulator.environment(self._emulator_port, self._data.emulator, self._data.temporary)
        kept = {n: v for n, v in self._environment.items() if n not in ("AWS_ENDPOINT_URL", "AWS_CONFIG_FILE")}
        self._emulator = processes.spawn(
            [sys.executable, "-m", "infra.twin.emulator"],
            environment={**kept, **settings},
            log=self._data.logs / "emulator.log",
            cwd=ROOT,
            on_parent_death=signal.SIGTERM,  # it saves its state and ends its own children
        )

    async def _emulator_answers(self) -> None:
        deadline = time.monotonic() + EMULATOR_START_S
        while not await self._client.healthy():
            ended = self._emulator is None or self._emulator.poll() is not None
            if ended or time.monotonic() > deadline:
                raise CannotStart(f"the emulator did not start; its log is {self._data.logs / 'emulator.log'}")
            await asyncio.sleep(0.02)

    async def _ensure_deployed(self) -> dict[str, str]:
        current = await asyncio.to_thread(fingerprint_of, self._options)
        if deployed_fingerprint(self._data) == current:
            await self._emulator_answers()
            outputs = read_outputs(self._data.outputs)
            known = api_id(outputs)
            if known and await self._client.has_api(known):
                return outputs
        ready = asyncio.Event()
        # The functions alone: workers open no secrets of users.
        environment = {"PATCHBAY_VAULT_KEY": vault_key(self._secret), **self._environment}
        deployer = Deployer(ROOT, self._data, environment, say, self._options.app)
        async with asyncio.TaskGroup() as group:
            deployment = group.create_task(deployer.deploy(ready, current))
            await self._emulator_answers()
            ready.set()
        return deployment.result()

    async def _settings(self) -> dict[str, str]:
        """The product's settings as the deployed functions have them, for the workers."""
        name = find_output(self._outputs, "ReconcileFunctionName")
        stated = json.loads(find_output(self._outputs, "WorkerEnvironment") or "{}")
        if name:
            try:
                stated = {**await self._client.function_environment(name), **stated}
            except EmulatorError as error:
                logger.warning("no settings for the workers: %s", error)
        return {key: str(value) for key, value in stated.items() if key.startswith("PATCHBAY_")}

    async def _reconcile(self) -> None:
        """Jobs whose execution the last stop interrupted are taken up again."""
        name = find_output(self._outputs, "ReconcileFunctionName")
        if name:
            try:
                await self._client.invoke(name, {"source": "patchbay.twin", "reason": "restart"})
            except EmulatorError as error:
                logger.warning("interrupted jobs were not looked at: %s", error)

    def _worker_classes(self, settings: Mapping[str, str]) -> list[WorkerClass]:
        classes = []
        for compute, output in COMPUTE_CLASSES.items():
            queue_url = find_output(self._outputs, output)
            if queue_url:
                environment = {**self._environment, **settings}
                log = self._data.logs / f"worker-{compute}.log"
                classes.append(WorkerClass(compute, queue_url, worker_command(compute), environment, ROOT, log))
        return classes

    def _make_ingest(self, settings: Mapping[str, str]) -> Ingest | None:
        """The ingest service, not started yet: nobody waits for it who does not upload."""
        paths = ingest_paths()
        if not paths:
            return None
        port = free_port()
        environment, log = {**self._environment, **settings}, self._data.logs / "ingest.log"
        self._ingest = IngestKeeper(ingest_command(port), environment, ROOT, log)
        self._ingest_upstream = Upstream(port)
        largest = from_env(environment).max_upload_bytes
        return Ingest(self._ingest_upstream, paths, largest, answers=download_paths())

    def _front_door(self, ingest: Ingest | None) -> FrontDoor:
        bucket = find_output(self._outputs, "MediaBucketName")
        credentials = Credentials(ACCOUNT, self._secret, REGION)
        spool = self._data.temporary / "spool"
        objects = Objects(bucket, credentials, self._upstream, spool) if bucket else None
        known = find_output(self._outputs, "SocketApiId")
        sockets = Sockets(self._emulator_port, known, SOCKET_STAGE) if known else None
        build = self._studio
        studio = Studio(build.dist, lambda: build.why_absent) if build else None
        return FrontDoor(self._upstream, self._options.port, api_id(self._outputs), objects, ingest, sockets, studio)

    def _announce(self, settings: Mapping[str, str]) -> None:
        state = TwinState(
            port=self._options.port,
            base_url=self._options.base_url,
            ca_path=str(self._data.ca.resolve()),
            emulator_endpoint=self._endpoint,
            outputs=self._outputs,
            environment=dict(settings),
            pid=os.getpid(),
        )
        write_state(self._data.state, state)
        sys.stdout.write(f"Patchbay is ready at {self._options.base_url}\n")
        sys.stdout.flush()

    async def _keep_emulator(self) -> None:
        """Start it again when it dies; requests meanwhile are answered with 503."""
        pause = 0.1
        while True:
            started = time.monotonic()
            if self._emulator is not None:
                await processes.wait(self._emulator)
            if self._closing:
                return
            logger.error("the emulator ended; it is started again")
            if self._emulator is not None:
                processes.kill_group(self._emulator.pid)
            beside = [part for part in (self._supervisor, self._ingest) if part]
            processes.kill_descendants(spare=[pid for part in beside for pid in part.pids()])
            if time.monotonic() - started > LONGEST_RESTART_PAUSE_S:
                pause = 0.1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_RESTART_PAUSE_S)
            self._start_emulator()
            try:
                await self._emulator_answers()
            except CannotStart:
                continue
            await self._reconcile()


def _port_of(endpoint: object) -> int | None:
    digits = str(endpoint or "").rpartition(":")[2]
    return int(digits) if digits.isdigit() else None


def fingerprint_of(options: Options) -> str:
    """Names what would be deployed."""
    # Settings are part of it: the functions are told them when they are deployed.
    facts = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("PATCHBAY_")]
    facts += [options.app or "", options.base_url]
    if options.app is None:
        return repository_fingerprint(ROOT, *facts)
    script = next((ROOT / word for word in options.app.split() if word.endswith(".py")), ROOT / "cdk.json")
    return folder_fingerprint(script.parent, *facts)


async def up(options: Options) -> None:
    """Run until a signal asks to stop."""
    logger.info("a run begins, pid %d", os.getpid())
    data = DataFolder(options.data.resolve())
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    twin = Twin(replace(options, data=data.root), data)
    serving = asyncio.create_task(twin.serve())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            say("stopping")
    finally:
        await twin.close()
        serving.cancel()
        stopping.cancel()
        outcome = (await asyncio.gather(serving, return_exceptions=True))[0]
    if isinstance(outcome, Exception):
        raise outcome


def prepare(data: DataFolder) -> int:
    """Make and lock the folder; what an earlier run left in the temporary one is of no use to anybody."""
    data.create()
    lock = data.lock()
    shutil.rmtree(data.temporary, ignore_errors=True)
    data.temporary.mkdir(mode=0o700)
    processes.adopt_orphans()
    return lock
