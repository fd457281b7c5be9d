"""Webhooks from the twin of the real stacks to receivers on this machine: signed, tried again, and never lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from patchbay.adapters.aws import clients
from patchbay.bootstrap import Services
from patchbay.cli import home
from patchbay.core import layout
from patchbay.core.jobs import Order
from patchbay.domain.assets import AssetState
from patchbay.domain.jobs import Job
from patchbay.domain.users import Application
from patchbay.domain.webhooks import Notice, NoticeState
from patchbay.settings import from_env
from tests.e2e.conftest import Live, free_port, start, stop
from tests.support.receiver import Receipt, Receiver

pytestmark = [pytest.mark.twin, pytest.mark.timeout(300)]

COLD_S = 40
"""Three Lambdas and perhaps a worker start for the first event."""


def services_of(data: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The core on a running twin's table and queues."""
    for name, value in home.require(data).environment().items():
        monkeypatch.setenv(name, value)
    clients.client.cache_clear()
    return Services(from_env(os.environ))


@pytest.fixture
def core(live: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    yield services_of(live.data, monkeypatch)
    clients.client.cache_clear()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as up:
        yield up


def owner(core: Services, email: str) -> Application:
    """Somebody new, whose endpoints hear of nobody else's jobs."""
    return core.accounts.applications(core.accounts.ensure_user(email).id)[0]


def hopeless(core: Services, who: Application, callback_url: str | None = None) -> Job:
    """A job that is taken and soon fails: nobody answers at its input's address."""
    url = f"http://localhost:{free_port()}/song.wav"
    order = Order(who.tenant_id, who.id, "native", "audio-encoder", input_url=url, callback_url=callback_url)
    return core.jobs.submit(order)


def verified(receipt: Receipt, secret: str) -> dict[str, object]:
    told: dict[str, object] = Webhook(secret).verify(receipt.body, receipt.headers)
    return told


def awaited(what: Callable[[], Notice | None], within_s: float = COLD_S) -> Notice:
    until = time.monotonic() + within_s
    while (found := what()) is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    return found


def with_tries(core: Services, tenant_id: str, tries: int) -> Notice | None:
    return next((n for n in core.notices.list(tenant_id, limit=5) if n.tries >= tries), None)


def types_of(receipts: list[Receipt]) -> set[str]:
    return {str(receipt.told["type"]) for receipt in receipts}


def test_an_endpoint_hears_of_a_job_from_upload_to_success(live: Live, core: Services, song: Path) -> None:
    """Over TLS, with a certificate that only the twin's own authority vouches for."""
    key = live.new_key("hooks@example.org")
    who = owner(core, "hooks@example.org")
    certificate = live.data / "localhost.pem", live.data / "localhost.key"
    with Receiver(certificate=certificate) as receiver, live.http(key) as http:
        _, secret = core.endpoints.create(who.tenant_id, receiver.url + "/hook", ["job.*", "asset.*"])
        place = http.get("/v1/upload").json()
        httpx.put(place["uploadUrl"], content=song.read_bytes(), verify=live.tls, trust_env=False).raise_for_status()
        body = {"name": "x", "workflow": "audio-encoder", "params": {"inputUrl": place["downloadUrl"]}}
        job_id = http.post("/v1/job", json=body).json()["id"]
        wanted = {"asset.ready", "job.queued", "job.started", "job.succeeded"}
        receipts = receiver.wait_until(lambda found: types_of(found) >= wanted, 2 * COLD_S)
    told = [verified(receipt, secret) for receipt in receipts]
    assert types_of(receipts) == wanted
    assert [each["data"]["id"] for each in told if each["type"] == "job.succeeded"] == [job_id]  # type: ignore[index]
    assert {each["tenant_id"] for each in told} == {who.tenant_id}
    assert len({receipt.id for receipt in receipts}) == len(wanted)
    with pytest.raises(WebhookVerificationError):
        verified(receipts[0], "whsec_" + "A" * 44)


def test_the_address_given_with_a_job_hears_of_its_end(live: Live, core: Services, receiver: Receiver) -> None:
    key, who = live.new_key("callback@example.org"), owner(core, "callback@example.org")
    job = hopeless(core, who, receiver.url + "/done?of=1")
    (receipt,) = receiver.wait_for(1, COLD_S)
    with live.http(f"Bearer {key}") as http:  # it lies sealed, and only the functions can open it
        secret = http.get("/patchbay/v1/webhook-secret").raise_for_status().json()["secret"]
    told = verified(receipt, secret)
    assert told["type"] == "job.failed"
    assert told["data"]["id"] == job.id  # type: ignore[index]
    (notice,) = core.notices.list(who.tenant_id, limit=5)
    assert notice.id == receipt.id


def test_a_receiver_that_is_down_gets_it_with_the_second_attempt(core: Services) -> None:
    who, receiver = owner(core, "down@example.org"), Receiver()
    hopeless(core, who, receiver.url)
    first = awaited(lambda: with_tries(core, who.tenant_id, 1))
    assert (first.state, first.attempts[0].status) == (NoticeState.PENDING, None)
    with receiver:
        (receipt,) = receiver.wait_for(1, 20)
    waited_s = receipt.at - first.attempts[0].at.timestamp()
    assert 5 <= waited_s < 12
    assert receipt.id == first.id
    done = awaited(lambda: with_tries(core, who.tenant_id, 2))
    assert (done.state, len(done.attempts)) == (NoticeState.DELIVERED, 2)


def test_a_ping_that_is_refused_comes_again_and_can_be_replayed(core: Services, receiver: Receiver) -> None:
    who = owner(core, "ping@example.org")
    endpoint, secret = core.endpoints.create(who.tenant_id, receiver.url)
    receiver.answers = [500]
    notice = core.notices.ping(who.tenant_id, endpoint.id)
    receipts = receiver.wait_for(2, COLD_S)
    assert [verified(receipt, secret)["type"] for receipt in receipts] == ["ping", "ping"]
    awaited(lambda: n if (n := core.notices.get(who.tenant_id, notice.id)).state is NoticeState.DELIVERED else None)
    core.notices.replay(who.tenant_id, notice.id)
    assert {receipt.id for receipt in receiver.wait_for(3, COLD_S)} == {notice.id}


def test_an_asset_at_an_address_is_fetched_without_a_job(core: Services, receiver: Receiver, song: Path) -> None:
    who = owner(core, "import@example.org")
    _, secret = core.endpoints.create(who.tenant_id, receiver.url, ["asset.ready"])
    receiver.files["/song.wav"] = song.read_bytes()
    asset = core.assets.awaited(who.tenant_id, source_url=receiver.url + "/song.wav")
    core.records.write(layout.put_asset(asset))
    (receipt,) = receiver.wait_for(1, COLD_S)
    assert verified(receipt, secret)["data"]["id"] == asset.id  # type: ignore[index]
    assert core.assets.get(who.tenant_id, asset.id).state is AssetState.READY


def test_deliveries_survive_a_stop_and_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, port = tmp_path / "data", free_port()
    process = start(data, port)
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            core = services_of(data, monkeypatch)
            who, receiver = owner(core, f"{number}@example.org"), Receiver()
            hopeless(core, who, receiver.url)
            tried = awaited(lambda core=core, who=who: with_tries(core, who.tenant_id, 1))  # type: ignore[misc]
            time.sleep(2.5 if number == signal.SIGKILL else 0)  # a crash may lose what is younger than two seconds
            stop(process, number)
            process = start(data, port)
            with receiver:
                (receipt,) = receiver.wait_for(1, COLD_S)
            assert receipt.id == tried.id
            core = services_of(data, monkeypatch)
            done = awaited(lambda core=core, who=who: with_tries(core, who.tenant_id, 2))  # type: ignore[misc]
            assert (done.state, len(done.attempts)) == (NoticeState.DELIVERED, 2)
    finally:
        clients.client.cache_clear()
        if process.poll() is None:
            stop(process)
