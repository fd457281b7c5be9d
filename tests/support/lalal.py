"""A server on this machine that speaks LALAL.AI's API: version 1, and of version 0 what tells limits and tasks.

What it separates is arithmetic: each stem is a fixed share of the song, so that all of them add up to it.
"""

import io
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY, OTHER_KEY = "lalal-0123456789abcdef", "lalal-fedcba9876543210"
SHARES = {
    "vocals": 0.4,
    "drum": 0.2,
    "bass": 0.15,
    "piano": 0.05,
    "electric_guitar": 0.06,
    "acoustic_guitar": 0.04,
}
PREFIX, OLDER_CHECK = "/api/v1/", "/api/check/"


@dataclass
class Task:
    """One that was begun."""

    key: str
    source_id: str
    stems: list[str]
    once: str
    encoder: str | None
    looks: int = 0
    state: str = "progress"
    error: str = ""


@dataclass
class FakeLalal:
    """What the server has and does. `planned`: path -> answers that come first, (status, body, media type)."""

    url: str = ""
    accounts: dict[str, list[float]] = field(default_factory=lambda: {KEY: [120.0, 45.0], OTHER_KEY: [10.0, 0.0]})
    """Key -> minutes in all, minutes used."""
    sources: dict[str, tuple[str, bytes, str]] = field(default_factory=dict)
    """Id -> key, bytes, file name."""
    tasks: dict[str, Task] = field(default_factory=dict)
    looks: int = 1
    """How often a task is looked at before it is done; a negative number: it never is."""
    planned: dict[str, list[tuple[int, bytes, str]]] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path, headers of every call."""
    stem_url: str = ""
    """Where stems are said to be, if not here."""
    stem: bytes | None = None
    """What each stem is, if not its share of the song."""
    knows_limits: bool = True
    knows_tasks: bool = True
    """Whether version 0 tells of tasks that version 1 began."""
    stalls: Event = field(default_factory=Event)
    """While it is set, uploads are taken and never answered."""
    lock: Lock = field(default_factory=Lock)

    def plan(self, path: str, *answers: tuple[int, Any]) -> None:
        """Have the next calls of a path answered so."""
        told = [(s, b if isinstance(b, bytes) else json.dumps(b).encode(), "application/json") for s, b in answers]
        self.planned.setdefault(path, []).extend(told)

    def calls(self, path: str) -> int:
        """How often a path was called."""
        return sum(1 for _, called, _ in self.seen if called == PREFIX + path)

    def minutes_left(self, key: str) -> float:
        """What an account has left."""
        quota, used = self.accounts[key]
        return quota - used

    def answer(self, path: str, key: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """What a call of version 1 is answered with."""
        if key not in self.accounts:
            return 403, {"detail": "Provide license key in 'X-License-Key' header"}
        if path == "upload/":
            return self._upload(key, headers, body)
        asked = json.loads(body)
        if path == "limits/minutes_left/":
            return 200, {"minutes_left": self.minutes_left(key)}
        if path == "split/multistem/":
            return self._split(key, asked)
        if path == "delete/":
            return self._delete(key, asked["source_id"])
        each = {"check/": self._check, "cancel/": self._cancel}[path]
        return 200, {"result": {task_id: each(key, task_id) for task_id in asked["task_ids"]}}

    def track(self, task_id: str, label: str) -> bytes:
        """The file of one track."""
        import soundfile  # every test loads this module, and few separate

        task = self.tasks[task_id]
        if self.stem is not None:
            return self.stem
        samples, rate_hz = soundfile.read(io.BytesIO(self.sources[task.source_id][1]), dtype="float32", always_2d=True)
        share = SHARES.get(label, 1.0 - sum(SHARES[stem] for stem in task.stems))
        made = io.BytesIO()
        soundfile.write(made, samples * share, rate_hz, format=(task.encoder or "wav").upper(), subtype="PCM_24")
        return made.getvalue()

    def _upload(self, key: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        disposition = headers.get("content-disposition", "")
        if "filename=" not in disposition:
            return 400, {"detail": "No file name (use the Content-Disposition header)", "code": "no_name"}
        source_id, name = str(uuid.uuid4()), disposition.partition("filename=")[2].strip('"')
        self.sources[source_id] = key, body, name
        told = {"id": source_id, "name": name, "size": len(body), "duration": 1, "expires": int(time.time()) + 86400}
        return 200, told

    def _split(self, key: str, asked: dict[str, Any]) -> tuple[int, Any]:
        import soundfile

        presets, once = asked["presets"], str(uuid.UUID(asked["idempotency_key"]))
        if any(task.once == once for task in self.tasks.values()):
            return 400, {"detail": "Idempotency key has already been used.", "code": "idempotency_key_used"}
        source = self.sources.get(asked["source_id"])
        if source is None or source[0] != key:
            return 400, {"detail": "The file has not been uploaded properly.", "code": "no_file"}
        assert set(presets["stem_list"]) <= set(SHARES)
        cost = soundfile.info(io.BytesIO(source[1])).duration / 60 * len(presets["stem_list"])
        if cost > self.minutes_left(key):
            return 400, {"detail": "Not enough minutes.", "code": "exceeded_duration"}
        self.accounts[key][1] += cost
        task_id = str(uuid.uuid4())
        encoder = presets.get("encoder_format")
        self.tasks[task_id] = Task(key, asked["source_id"], list(presets["stem_list"]), once, encoder)
        return 200, {"task_id": task_id}

    def _check(self, key: str, task_id: str) -> dict[str, Any]:
        task = self.tasks.get(task_id)
        if task is None or task.key != key:
            return {"status": "server_error", "error": "Permission denied"}
        task.looks += 1
        if task.state == "progress" and 0 <= self.looks < task.looks:
            task.state = "success"
        presets = {"label": "multistem", "stem_list": task.stems}
        told: dict[str, Any] = {"status": task.state, "source_id": task.source_id, "presets": presets}
        if task.state == "progress":
            told["progress"] = min(10 * task.looks, 90)
        if task.state == "error":
            told["error"] = {"detail": task.error, "code": "inference_error", "id": "e1"}
        if task.state == "success":
            base = self.stem_url or f"{self.url}d/{task_id}"
            tracks = [{"type": "stem", "label": label, "url": f"{base}/{label}"} for label in task.stems]
            tracks.append({"type": "back", "label": "no_multistem", "url": f"{base}/no_multistem"})
            told["result"] = {"duration": 1, "tracks": tracks}
        return told

    def _cancel(self, key: str, task_id: str) -> dict[str, Any]:
        task = self.tasks.get(task_id)
        if task is None or task.key != key or task.state != "progress":
            return {"status": "server_error", "error": "Task is not in progress state"}
        task.state = "cancelled"
        return {"status": "success"}

    def _delete(self, key: str, source_id: str) -> tuple[int, Any]:
        if self.sources.get(source_id, ("",))[0] != key:
            return 400, {"detail": "Permission denied", "code": "no_file"}
        del self.sources[source_id]
        for task in self.tasks.values():
            if task.source_id == source_id and task.state == "progress":
                task.state = "cancelled"
        return 200, {}

    def tasks_of(self, key: str, source_id: str) -> dict[str, Any]:
        """What version 0 tells of a file's tasks, the newest last."""
        numbers = [number for number, task in self.tasks.items() if (task.key, task.source_id) == (key, source_id)]
        if key not in self.accounts or not (numbers and self.knows_tasks):
            return {"status": "success", "result": {source_id: {"status": "success", "split": None, "task": None}}}
        task = {"id": numbers, "state": self.tasks[numbers[-1]].state, "split_id": numbers[-1], "progress": 0}
        return {"status": "success", "result": {source_id: {"status": "success", "task": task}}}

    def limits(self, key: str) -> dict[str, Any]:
        """What version 0 tells of an account."""
        if key not in self.accounts or not self.knows_limits:
            return {"status": "error", "error": "No such license"}
        quota, used = self.accounts[key]
        told = {"process_duration_limit": quota, "process_duration_used": used, "process_duration_left": quota - used}
        return {"status": "success", "option": "pro", "email": "ada@example.org", **told}


@contextmanager
def served() -> Iterator[FakeLalal]:
    """The server, listening."""
    fake = FakeLalal()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = self.path.removeprefix(PREFIX)
            with fake.lock:
                fake.seen.append(("POST", self.path, headers))
                planned = fake.planned.get(path)
                if planned:
                    self._send(*planned.pop(0))
                    return
            while path == "upload/" and fake.stalls.is_set():
                time.sleep(0.02)
            with fake.lock:
                if path == OLDER_CHECK:
                    key = headers.get("authorization", "").removeprefix("license ")
                    status, told = 200, fake.tasks_of(key, parse_qs(body.decode())["id"][0])
                else:
                    status, told = fake.answer(path, headers.get("x-license-key", ""), headers, body)
            self._send(status, json.dumps(told).encode(), "application/json")

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            with fake.lock:
                fake.seen.append(("GET", parts.path, headers))
                planned = fake.planned.get(parts.path)
                if planned:
                    status, body, media_type = planned.pop(0)
                    self._send(status, body, media_type)
                    return
            if parts.path == "/billing/get-limits/":
                told = fake.limits(parse_qs(parts.query)["key"][0])
                self._send(200, json.dumps(told).encode(), "application/json")
                return
            _, _, task_id, label = parts.path.split("/")
            self._send(200, fake.track(task_id, label), "application/octet-stream")

        def _send(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", body.decode())
                body = b""
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: Any) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing: clients that left are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}/"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.stalls.clear()
        server.shutdown()
        server.server_close()
        thread.join(5)
