"""The socket's Lambda and the one that tells its listeners: Phoenix's protocol, message by message."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dialects.soundforge import socket as protocol
from functions.entrypoints import push_progress, socket
from patchbay.core import events
from patchbay.domain.errors import Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Job
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

ME = "Zx9Abc="
NO_ID = "0198c0de-0000-7000-8000-000000000000"
DEEP = f'["1",{"[" * 900}{"]" * 900},"phoenix","heartbeat",{{}}]'
"""Can be read, and cannot be written again."""


def event(route: str, body: str | None = None, **query: str) -> dict[str, Any]:
    context = {"routeKey": route, "connectionId": ME, "eventType": "MESSAGE", "domainName": "x", "stage": "s"}
    return {"requestContext": context, "body": body, "queryStringParameters": query or None, "isBase64Encoded": False}


def connect(secret: str, **query: str) -> int:
    return int(socket.handler(event("$connect", token=secret, **query), None)["statusCode"])


def say(world: World, topic: str, name: str, payload: object = None, ref: str = "2") -> list[Any]:
    """Send a message; returns what comes back."""
    message = json.dumps(["1", ref, topic, name, payload or {}])
    assert socket.handler(event("$default", message), None) == {"statusCode": 200}
    return world.wire.taken(ME)


def reply(topic: str, response: object = None, status: str = "ok") -> list[Any]:
    return ["1", "2", topic, "phx_reply", {"status": status, "response": response or {}}]


@pytest.fixture
def job(world: World, ada: Tenant) -> Job:
    return world.order(ada, dialect="soundforge", metadata={"track_id": NO_ID}, params={"model": "patchbay-classic"})


@pytest.fixture
def open_socket(ada: Tenant) -> None:
    assert connect(ada.secret, vsn="2.0.0") == 200


@pytest.fixture
def follow(world: World) -> Any:
    """Tell listeners of what changed since the last call, as the stream and the bus would."""
    seen = 0

    def told() -> list[Any]:
        nonlocal seen
        changed, seen = world.records.changes[seen:], len(world.records.changes)
        for event in filter(None, (events.of_change(*pair) for pair in changed)):
            push_progress.handler({"detail": event}, None)
        return world.wire.taken(ME)

    return told


def test_no_token_no_socket(ada: Tenant) -> None:
    assert connect("") == connect("pb_wrong") == 401
    assert socket.handler(event("$connect"), None)["statusCode"] == 401
    assert connect(ada.secret, vsn="1.0.0") == 400


@pytest.mark.usefixtures("open_socket")
def test_the_heartbeat_is_answered(world: World) -> None:
    assert say(world, "phoenix", "heartbeat") == [reply("phoenix")]


@pytest.mark.usefixtures("open_socket")
def test_joining_tells_how_the_job_stands(world: World, job: Job) -> None:
    topic = f"jobs:{job.id}"
    answer, standing, pipeline = say(world, topic, "phx_join")
    assert answer == reply(topic)
    assert standing == [
        None,
        None,
        topic,
        "job:progress",
        {"job_id": job.id, "status": "queued", "progress": 0, "message": "Waiting for a machine"},
    ]
    assert pipeline[3:] == [
        "pipeline:progress",
        {"job_id": job.id, "track_id": NO_ID, "stage": "processing", "status": "queued", "progress": 0},
    ]


@pytest.mark.usefixtures("open_socket")
def test_from_progress_to_completion(world: World, ada: Tenant, job: Job, follow: Any) -> None:
    say(world, f"jobs:{job.id}", "phx_join")
    follow()
    over = world.carry_out(job)
    told = follow()
    names = [message[3] for message in told]
    assert names[-2:] == ["job:completed", "pipeline:complete"]
    percent = [message[4]["progress"] for message in told if message[3] == "job:progress"]
    assert percent == sorted(percent)
    completed = told[-2][4]
    assert (completed["job_id"], completed["job_type"], completed["track_id"]) == (job.id, "processing", NO_ID)
    assert len(completed["result"]["stems"]) == len(over.outputs)
    assert follow() == []


@pytest.mark.usefixtures("open_socket")
def test_a_download_tells_that_it_is_fetched_and_what_came(world: World, ada: Tenant, follow: Any) -> None:
    address = "https://audio.example.org/song.wav"
    world.web.pages[address] = GOOD
    told = {"input_url": address, "input_asset_id": None, "metadata": {"track_id": NO_ID}, "name": "Me - Song"}
    job = world.order(ada, dialect="soundforge", workflow="audio-encoder", **told)
    _, standing, pipeline = say(world, f"jobs:{job.id}", "phx_join")
    shown = {"job_id": job.id, "status": "downloading", "progress": 0, "message": "Downloading"}
    assert standing[3:] == ["job:progress", shown]
    assert (pipeline[4]["stage"], pipeline[4]["status"]) == ("download", "downloading")
    world.services.assets.inspect(ada.id, job.input_asset_id or "")
    assert say(world, f"jobs:{job.id}", "phx_join")[1][4]["status"] == "queued"
    (output,) = world.carry_out(job).outputs
    completed = follow()[-2]
    assert completed[3] == "job:completed"
    assert completed[4]["job_type"] == "download"
    path = f"/files/downloads/{NO_ID}/Me - Song.mp3"
    assert completed[4]["result"] == {"output_path": path, "file_size": output.size_bytes}


@pytest.mark.usefixtures("open_socket")
def test_a_failure_says_why(world: World, ada: Tenant, job: Job, follow: Any) -> None:
    say(world, f"jobs:{job.id}", "phx_join")
    follow()
    world.services.pipeline.fail(ada.id, job.id, Failure(kind=FailureKind.INTERNAL, message="no luck"))
    assert follow()[-1][3:] == ["job:failed", {"job_id": job.id, "job_type": "processing", "error": "no luck"}]


@pytest.mark.usefixtures("open_socket")
def test_who_left_hears_no_more(world: World, job: Job, follow: Any) -> None:
    topic = f"jobs:{job.id}"
    say(world, topic, "phx_join")
    assert say(world, topic, "phx_leave") == [reply(topic)]
    follow()
    world.carry_out(job)
    assert follow() == []


@pytest.mark.usefixtures("open_socket")
def test_a_ping_is_answered_to_those_who_joined(world: World, job: Job) -> None:
    topic = f"jobs:{job.id}"
    assert say(world, topic, "ping") == [reply(topic, {"reason": "unmatched topic"}, "error")]
    say(world, topic, "phx_join")
    answer, pong = say(world, topic, "ping")
    assert answer == reply(topic)
    assert pong[2:4] == [topic, "pong"]
    assert say(world, topic, "shout") == [reply(topic, {"reason": "unknown event"}, "error")]


@pytest.mark.usefixtures("open_socket")
def test_others_jobs_are_not_there(world: World, bob: Tenant) -> None:
    other = world.order(bob)
    for topic, words in ((f"jobs:{other.id}", "there is no job"), (f"jobs:{NO_ID}", "there is no job")):
        (answer,) = say(world, topic, "phx_join")
        assert answer[4]["status"] == "error"
        assert words in answer[4]["response"]["reason"]
    for topic in ("jobs:*", "jobs:", "rooms:lobby", "jobs:x"):
        assert say(world, topic, "phx_join") == [reply(topic, {"reason": "unmatched topic"}, "error")]


@pytest.mark.usefixtures("open_socket")
def test_after_the_end_of_the_socket_nothing_is_told(world: World, job: Job, follow: Any) -> None:
    say(world, f"jobs:{job.id}", "phx_join")
    assert socket.handler(event("$disconnect"), None) == {"statusCode": 200}
    follow()
    world.carry_out(job)
    assert follow() == []


@pytest.mark.usefixtures("open_socket")
@pytest.mark.parametrize(
    "body", ["", "x", "{}", "[1,2,3]", "[1,2,3,4,5]", "[" * 100_000, '["1","2",{},"e",{}]', "null", DEEP]
)
def test_what_is_no_message_is_not_answered(world: World, body: str) -> None:
    assert socket.handler(event("$default", body), None) == {"statusCode": 200}
    assert world.wire.taken(ME) == []


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=6).map(json.dumps)
)
def test_no_message_breaks_it(text: str) -> None:
    for answer in protocol.answers("nobody", text):
        assert json.loads(answer)[3] == "phx_reply"


def test_one_listeners_trouble_is_not_the_others(world: World, ada: Tenant, job: Job, follow: Any) -> None:
    world.services.sockets.open("gone", ada.secret)
    world.services.sockets.join("gone", job.id)
    connect(ada.secret)
    say(world, f"jobs:{job.id}", "phx_join")
    world.wire.gone.add("gone")
    follow()
    world.carry_out(job)
    assert "job:completed" in [message[3] for message in follow()]
    assert list(world.services.sockets.listeners(job.id)) == [ME]


@pytest.mark.parametrize("trouble", [Unavailable("busy"), RuntimeError("no rights")])
def test_the_others_are_told_and_the_end_is_tried_again(
    world: World, ada: Tenant, job: Job, follow: Any, monkeypatch: Any, trouble: Exception
) -> None:
    """Whoever is before the one in trouble, and behind it."""
    for name in ("A", "ZZ"):
        world.services.sockets.open(name, ada.secret)
        world.services.sockets.join(name, job.id)
    connect(ada.secret)
    say(world, f"jobs:{job.id}", "phx_join")
    send = world.wire.send

    def fails(connection_id: str, data: bytes) -> None:
        if connection_id == "A":
            raise trouble
        send(connection_id, data)

    monkeypatch.setattr(world.wire, "send", fails)
    told = {"tenant_id": ada.id, "data": {"id": job.id}}
    push_progress.handler({"detail": told}, None)  # not over yet: the next event tells
    world.carry_out(job)
    with pytest.raises(Unavailable):
        push_progress.handler({"detail": told}, None)
    for name in (ME, "ZZ"):
        assert [message[3] for message in world.wire.taken(name)][-2:] == ["job:completed", "pipeline:complete"]


@pytest.mark.usefixtures("open_socket")
def test_a_deleted_job_is_told_as_such(world: World, job: Job, follow: Any) -> None:
    say(world, f"jobs:{job.id}", "phx_join")
    follow()
    world.services.jobs.delete(job.tenant_id, job.id)
    assert follow()[-1][3:] == [
        "job:failed",
        {"job_id": job.id, "job_type": None, "error": "the job was deleted"},
    ]


def test_a_job_that_nobody_listens_to_costs_one_look(world: World, job: Job, follow: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(world.services.jobs), "get", None)
    assert follow() == []
