"""The Lambdas on the way of events to receivers, and of files from URLs, on their events."""

import json
import threading
from typing import Any

import pytest

from functions.entrypoints import deliver_webhook, import_asset, route_event, sweep_notices
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import FetchRefused, Unavailable
from patchbay.domain.webhooks import NoticeState
from patchbay.ports import WebAnswer
from tests.fakes.notices import FakeStream
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.samples import sample

URL = "https://receiver.example/hook"
ALL_TAKEN: dict[str, Any] = {"batchItemFailures": []}


def batch(*bodies: object) -> dict[str, Any]:
    """An SQS batch, message ids m0, m1..."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"messageId": f"m{n}", "body": text} for n, text in enumerate(texts)]}


def failed(*names: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


def ended(world: World, tenant: Tenant, count: int = 1, **changes: Any) -> list[dict[str, Any]]:
    """Events on the bus of jobs that succeeded, as the queue holds them."""
    for n in range(count):
        world.carry_out(world.order(tenant, **{"callback_url": f"{URL}/{n}", **changes}))
    told = [event for event in FakeStream(world.records).events() if event["type"] == "job.succeeded"]
    return [{"detail-type": event["type"], "detail": event} for event in told]


def asked(world: World) -> list[dict[str, Any]]:
    return [
        {"tenant_id": m.tenant_id, "notice_id": m.notice_id, "attempt": m.attempt} for m in world.notice_queue.due()
    ]


class TestRoute:
    def test_everybody_is_put_down(self, world: World, ada: Tenant) -> None:
        assert route_event.handler(batch(*ended(world, ada, 3)), None) == ALL_TAKEN
        assert len(world.notice_queue.waiting) == 3

    def test_only_what_failed_is_tried_again(self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        good, other = ended(world, ada, 2)
        send, broken = world.notice_queue.send, other["detail"]["data"]["id"]

        def busy(message: Any, *, delay_s: int) -> None:
            if world.services.notices.get(ada.id, message.notice_id).job_id == broken:
                raise Unavailable("busy")
            send(message, delay_s=delay_s)

        with monkeypatch.context() as patched:
            patched.setattr(world.notice_queue, "send", busy)
            assert route_event.handler(batch("nonsense", good, other, {"detail": {}}), None) == failed("m0", "m2", "m3")
        assert route_event.handler(batch(other), None) == ALL_TAKEN
        assert len(world.notice_queue.waiting) == 2

    def test_the_sample(self, world: World) -> None:
        assert route_event.handler(sample("route_event"), None) == ALL_TAKEN
        tenant_id = "01980000-0000-7000-8000-00000000000a"
        assert [event["type"] for _, event in world.services.notices.events(tenant_id, limit=9)] == ["job.succeeded"]


class TestDeliver:
    def test_each_notice_is_attempted(self, world: World, ada: Tenant) -> None:
        route_event.handler(batch(*ended(world, ada, 3)), None)
        assert deliver_webhook.handler(batch(*asked(world)), None) == ALL_TAKEN
        assert sorted(url for url, _, _ in world.web.posts) == [f"{URL}/{n}" for n in range(3)]

    def test_a_receiver_that_refuses_is_no_failure_of_ours(self, world: World, ada: Tenant) -> None:
        world.web.receivers[f"{URL}/0"] = [WebAnswer(500)]
        route_event.handler(batch(*ended(world, ada)), None)
        assert deliver_webhook.handler(batch(*asked(world)), None) == ALL_TAKEN
        (notice,) = world.services.notices.list(ada.id, limit=9)
        assert (notice.state, notice.tries) == (NoticeState.PENDING, 1)

    def test_a_slow_receiver_holds_nobody_up(self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each of ten waits until all ten were called: one after the other they would wait for ever."""
        together = threading.Barrier(10, timeout=10)

        def slow(*_: Any, **__: Any) -> WebAnswer:
            together.wait()
            return WebAnswer(200)

        monkeypatch.setattr(world.web, "post", slow)
        route_event.handler(batch(*ended(world, ada, 10)), None)
        assert deliver_webhook.handler(batch(*asked(world)), None) == ALL_TAKEN
        assert {n.state for n in world.services.notices.list(ada.id, limit=99)} == {NoticeState.DELIVERED}

    def test_what_is_no_notice_is_dropped(self, world: World) -> None:
        assert deliver_webhook.handler(batch("", "{}", "nonsense", "[]", "null", {"x": 1}), None) == ALL_TAKEN

    def test_only_what_we_could_not_do_is_tried_again(self, world: World, ada: Tenant) -> None:
        route_event.handler(batch(*ended(world, ada)), None)
        world.records.down = True
        assert deliver_webhook.handler(batch(*asked(world), "nonsense"), None) == failed("m0")

    def test_the_sample(self, world: World) -> None:
        assert deliver_webhook.handler(sample("deliver_webhook"), None) == ALL_TAKEN


class TestSweep:
    def test_a_lost_message_is_asked_for_again(self, world: World, ada: Tenant) -> None:
        route_event.handler(batch(*ended(world, ada)), None)
        world.notice_queue.waiting.clear()
        world.clock.advance(minutes=2)
        assert sweep_notices.handler(sample("sweep_notices"), None) == {"looked_at": 1, "asked": 1}
        assert deliver_webhook.handler(batch(*asked(world)), None) == ALL_TAKEN
        assert len(world.web.posts) == 1

    def test_a_store_that_is_down_is_told(self, world: World) -> None:
        world.records.down = True
        with pytest.raises(Unavailable):
            sweep_notices.handler(sample("sweep_notices"), None)


class TestImport:
    def awaited(self, world: World, tenant: Tenant) -> dict[str, Any]:
        world.services.assets.create(tenant.id, source_url="https://example.org/a.wav")
        return {"detail-type": "asset.awaited", "detail": FakeStream(world.records).events()[-1]}

    def state(self, world: World, tenant: Tenant) -> AssetState:
        return world.services.assets.list(tenant.id, limit=1)[0].state

    def test_the_file_is_fetched_once(self, world: World, ada: Tenant) -> None:
        world.web.pages["https://example.org/a.wav"] = GOOD
        event = self.awaited(world, ada)
        for _ in range(2):
            import_asset.handler(event, None)
        assert self.state(world, ada) is AssetState.READY
        assert world.prober.probed == 1

    def test_what_is_not_there_is_rejected(self, world: World, ada: Tenant) -> None:
        import_asset.handler(self.awaited(world, ada), None)
        assert self.state(world, ada) is AssetState.REJECTED

    def test_a_store_that_is_down_is_tried_again_and_the_next_try_does_it(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.web.pages["https://example.org/a.wav"] = GOOD
        event = self.awaited(world, ada)

        def busy(*_: Any, **__: Any) -> None:
            raise Unavailable("busy")

        with monkeypatch.context() as patched:
            patched.setattr(world.objects, "upload", busy)
            with pytest.raises(Unavailable):
                import_asset.handler(event, None)
        import_asset.handler(event, None)
        assert self.state(world, ada) is AssetState.READY

    def test_while_another_fetches_it_there_is_nothing_to_do(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event, seen = self.awaited(world, ada), []

        def fetching(*_: Any, **__: Any) -> None:
            import_asset.handler(event, None)
            seen.append(self.state(world, ada))
            raise FetchRefused("broke off")

        monkeypatch.setattr(world.web, "fetch", fetching)
        import_asset.handler(event, None)
        assert (seen, self.state(world, ada)) == ([AssetState.PENDING], AssetState.REJECTED)

    def test_the_sample_names_an_asset_that_is_gone(self, world: World) -> None:
        import_asset.handler(sample("import_asset"), None)
