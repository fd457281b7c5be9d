"""LALAL.AI in SoundForge's words: the key in the settings, the quota, separations there, and ending them."""

import json
from typing import Any

import pytest

from functions.dialects.soundforge.routes import DIALECT
from functions.entrypoints import open_key
from functions.http.handler import lambda_handler
from patchbay import bootstrap
from patchbay.core.browsers import form_token
from patchbay.domain.jobs import JobState
from tests.contract.test_soundforge_people import EMAIL, NAME, PASSWORD, went
from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World
from tests.support import elsewhere
from tests.support.browser import Browser, Page
from tests.support.elsewhere import WORKER
from tests.support.lalal import KEY, OTHER_KEY, FakeLalal

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
SETTINGS, FORM, SEPARATE = "/users/settings", "/users/lalalai", "/api/processing/separate"
QUOTA, CANCEL, CANCEL_ALL = "/api/lalalai/quota", "/api/lalalai/cancel", "/api/lalalai/cancel-all"


@pytest.fixture
def world(lalal_world: World) -> World:
    return lalal_world


@pytest.fixture
def eve(world: World, loop: None) -> Browser:
    browser = Browser(Api(lambda_handler(DIALECT)))
    browser.register(EMAIL, PASSWORD, NAME)
    return browser


@pytest.fixture
def keyed(world: World, ada: Tenant) -> Tenant:
    world.services.vendors.keep(ada.id, KEY)
    return ada


def data(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.text
    return answer.json()["data"]


def forms(browser: Browser) -> list[Any]:
    return [form for form in browser.page(SETTINGS).forms if form.action == FORM]


def save(browser: Browser, key: str) -> Answer:
    (form, *_) = forms(browser)
    return browser.post(form.action, {**form.fields, "license_key": key})


def ordered(world: World, who: Tenant, api: Api, **more: object) -> dict[str, Any]:
    asset = world.upload(who, elsewhere.wav(0.1))
    told: dict[str, Any] = data(api.post(SEPARATE, {"track_id": asset.id, "engine": "lalalai", **more}))
    return told


class TestSettings:
    def test_a_key_is_saved_used_replaced_and_removed(self, eve: Browser, lalal: FakeLalal) -> None:
        assert "LALAL.AI" in eve.page(SETTINGS).text
        went(save(eve, KEY), SETTINGS)
        page = eve.page(SETTINGS)
        assert "Your licence key for LALAL.AI is saved." in page.text
        assert "Your licence key is kept here since 2026-01-02." in page.text
        assert KEY not in page.source
        assert page.having("license_key")["value"] == ""
        assert data(eve.get(QUOTA))["remaining_minutes"] == 75
        went(save(eve, OTHER_KEY), SETTINGS)
        assert data(eve.get(QUOTA))["remaining_minutes"] == 10
        form = forms(eve)[1]
        assert form.fields["_method"] == "delete"
        went(eve.post(form.action, form.fields), SETTINGS)
        assert "is removed." in eve.page(SETTINGS).text
        assert eve.get(QUOTA).status == 404

    def test_a_wrong_one_is_told_at_its_field_and_not_kept(self, eve: Browser, world: World) -> None:
        answer = save(eve, "not-a-key-of-theirs")
        page = Page(answer.text)
        assert answer.status == 422
        assert page.having("license_key")["aria-invalid"] == "true"
        assert "does not take your licence key" in page.text
        assert "not-a-key-of-theirs" not in page.source
        assert eve.get(QUOTA).status == 404

    def test_while_they_are_away_nothing_is_saved_and_it_is_told(self, eve: Browser, lalal: FakeLalal) -> None:
        lalal.plan("limits/minutes_left/", (503, {}))
        answer = save(eve, KEY)
        assert answer.status == 502
        assert "not there for us right now" in Page(answer.text).text
        assert len(forms(eve)) == 1

    def test_a_page_elsewhere_saves_and_removes_nothing(self, eve: Browser) -> None:
        went(save(eve, KEY), SETTINGS)
        for form in forms(eve):
            for token in ("", "x"):
                answer = eve.post(FORM, {**form.fields, "license_key": OTHER_KEY, "_csrf_token": token})
                assert answer.status == 403
        assert eve.post(FORM, {"license_key": OTHER_KEY}).status == 403
        assert data(eve.get(QUOTA))["remaining_minutes"] == 75

    def test_scripts_are_answered_in_json(self, eve: Browser) -> None:
        told = {"accept": "application/json", "x-csrf-token": form_token(eve.secret)}
        assert data(eve.post(FORM, {"license_key": KEY}, **told))["remaining_minutes"] == 75
        assert eve.post(FORM, {"license_key": "wrong-key"}, **told).json()["details"].keys() == {"license_key"}
        assert data(eve.post(FORM, {}, "DELETE", **told)) == {}
        assert eve.get(QUOTA).status == 404

    def test_who_is_not_logged_in_is_sent_to_the_log_in(self, eve: Browser, world: World) -> None:
        visitor = Browser(eve.api)
        visitor.get("/users/log-in")
        answer = visitor.post(FORM, {"license_key": KEY, "_csrf_token": form_token(visitor.secret)})
        went(answer, "/users/log-in?return_to=%2Fusers%2Fsettings")
        assert "VENDORKEYS" not in "".join(pk for pk, _ in world.records.items)

    def test_without_a_vault_nothing_is_offered(
        self, lalal: FakeLalal, monkeypatch: pytest.MonkeyPatch, loop: None
    ) -> None:
        made = elsewhere.world_of(lalal, vault_key="")
        monkeypatch.setattr(bootstrap, "services", lambda: made.services)
        browser = Browser(Api(lambda_handler(DIALECT)))
        browser.register(EMAIL, PASSWORD, NAME)
        assert forms(browser) == []


class TestQuota:
    def test_minutes(self, keyed: Tenant, soundforge: Api) -> None:
        told = {"quota_minutes": 120, "used_minutes": 45, "remaining_minutes": 75}
        assert data(soundforge.get(QUOTA)) == told

    def test_what_they_do_not_tell_is_null(self, keyed: Tenant, soundforge: Api, lalal: FakeLalal) -> None:
        lalal.knows_limits = False
        told = {"quota_minutes": None, "used_minutes": None, "remaining_minutes": 75}
        assert data(soundforge.get(QUOTA)) == told

    def test_without_a_key_it_says_where_to_save_one(self, world: World, ada: Tenant, soundforge: Api) -> None:
        answer = soundforge.get(QUOTA)
        assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")
        assert SETTINGS in answer.json()["error"]

    @pytest.mark.parametrize(
        ("status", "body", "told"),
        [(503, b"", (502, "lalalai_error")), (429, b"{}", (502, "lalalai_error")),
         (200, b"<html>", (502, "lalalai_error")),
         (403, b"{}", (409, "LALALAI_REFUSED"))],
    )  # fmt: skip
    def test_trouble_there_has_the_documents_form(
        self, keyed: Tenant, soundforge: Api, lalal: FakeLalal, status: int, body: bytes, told: tuple[int, str]
    ) -> None:
        lalal.plan("limits/minutes_left/", (status, body))
        answer = soundforge.get(QUOTA)
        assert (answer.status, answer.json()["code"]) == told
        assert KEY not in answer.text

    def test_it_is_for_those_who_are_somebody(self, world: World, soundforge: Api) -> None:
        assert soundforge.with_key(None).get(QUOTA).status == 401


class TestSeparating:
    def test_from_the_order_to_each_stem(self, world: World, keyed: Tenant, soundforge: Api) -> None:
        begun = ordered(world, keyed, soundforge)
        assert (begun["model"], begun["status"]) == ("htdemucs", "queued")
        path = f"/api/processing/job/{begun['job_id']}"
        waiting = data(soundforge.get(path))
        assert (waiting["engine"], waiting["task_id"], waiting["model"]) == ("lalalai", None, "htdemucs")
        world.carry_out(world.services.jobs.get(keyed.id, begun["job_id"]))
        over = data(soundforge.get(path))
        assert (over["status"], over["error"], over["task_id"]) == ("completed", None, None)
        assert [stem["stem_type"] for stem in over["stems"]] == ["vocals", "drums", "bass", "other"]
        assert soundforge.get(f"/export/stem/{over['stems'][0]['id']}").status == 302
        assert soundforge.get(f"/export/stems/{begun['track_id']}").headers["content-type"] == "application/zip"

    @pytest.mark.parametrize(
        ("asked", "stems", "model"),
        [({}, 4, "htdemucs"), ({"model": "mdx_extra"}, 4, "mdx_extra"), ({"model": "htdemucs_6s"}, 6, "htdemucs_6s"),
         ({"stems": 2}, 2, "htdemucs"), ({"model": "htdemucs_6s", "stems": 2}, 2, "htdemucs_6s")],
    )  # fmt: skip
    def test_as_many_stems_as_are_asked_for(
        self, world: World, keyed: Tenant, soundforge: Api, asked: dict[str, object], stems: int, model: str
    ) -> None:
        begun = ordered(world, keyed, soundforge, **asked)
        assert begun["model"] == model
        world.services.pipeline.plan(keyed.id, begun["job_id"])
        (step,) = world.services.jobs.steps(world.services.jobs.get(keyed.id, begun["job_id"]))
        assert (len(step.params["stems"]), step.engine, step.compute) == (stems, "elsewhere", "cpu")

    @pytest.mark.parametrize(
        ("asked", "field"),
        [({"model": "patchbay-small"}, "model"), ({"model": "nonsense"}, "model"), ({"stems": 3}, "stems"),
         ({"engine": "local", "stems": 2}, "stems"), ({"engine": "another"}, "engine")],
    )  # fmt: skip
    def test_what_cannot_be_asked_for(
        self, world: World, keyed: Tenant, soundforge: Api, asked: dict[str, object], field: str
    ) -> None:
        asset = world.upload(keyed)
        answer = soundforge.post(SEPARATE, {"track_id": asset.id, "engine": "lalalai", **asked})
        assert (answer.status, list(answer.json()["details"])) == (422, [field])

    def test_without_a_key_nothing_is_ordered_and_the_way_is_told(
        self, world: World, ada: Tenant, soundforge: Api
    ) -> None:
        answer = soundforge.post(SEPARATE, {"track_id": world.upload(ada).id, "engine": "lalalai"})
        assert (answer.status, list(answer.json()["details"])) == (422, ["engine"])
        assert SETTINGS in answer.json()["details"]["engine"][0]
        assert world.services.jobs.list(ada.id, limit=1) == []

    def test_whether_it_can_be_chosen(self, world: World, ada: Tenant, bob: Tenant, soundforge: Api) -> None:
        def available(api: Api) -> dict[str, bool]:
            return {each["name"]: each["available"] for each in data(api.get("/api/processing/models"))["engines"]}

        assert available(soundforge) == {"local": True, "lalalai": False}
        world.services.vendors.keep(ada.id, KEY)
        assert available(soundforge) == {"local": True, "lalalai": True}
        assert available(soundforge.with_key(f"Bearer {bob.secret}")) == {"local": True, "lalalai": False}


class TestCancelling:
    def test_by_the_number_that_the_job_tells(
        self, world: World, keyed: Tenant, soundforge: Api, lalal: FakeLalal
    ) -> None:
        job, task_id = elsewhere.begun(world, keyed, lalal)
        path = f"/api/processing/job/{job.id}"
        assert data(soundforge.get(path))["task_id"] == task_id
        told = {"task_id": task_id, "job_id": job.id, "status": "cancelled"}
        assert data(soundforge.post(CANCEL, {"task_id": task_id})) == told
        assert data(soundforge.get(path))["error"] == "cancelled"
        assert lalal.tasks[task_id].state == "cancelled"
        assert soundforge.post(CANCEL, {"task_id": task_id}).status == 200

    def test_what_is_over_is_a_conflict(self, world: World, keyed: Tenant, soundforge: Api) -> None:
        job = world.carry_out(elsewhere.order(world, keyed))
        assert job.state is JobState.SUCCEEDED
        assert soundforge.post(CANCEL, {"task_id": job.id}).status == 409

    def test_anothers_and_what_is_not_there_are_alike(
        self, world: World, keyed: Tenant, bob: Tenant, soundforge: Api, lalal: FakeLalal
    ) -> None:
        job, task_id = elsewhere.begun(world, keyed, lalal)
        stranger = soundforge.with_key(f"Bearer {bob.secret}")
        for told in (task_id, job.id, "0198c0de-0000-7000-8000-000000000000", "nothing"):
            answer = stranger.post(CANCEL, {"task_id": told})
            assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")
        assert data(stranger.post(CANCEL_ALL, {})) == {"cancelled": 0, "left": 0}
        assert lalal.tasks[task_id].state == "progress"

    @pytest.mark.parametrize("body", [{}, {"task_id": ""}, {"task_id": 7}, {"task_id": "x" * 65}, {"task_id": None}])
    def test_what_names_no_task(self, keyed: Tenant, soundforge: Api, body: object) -> None:
        answer = soundforge.post(CANCEL, body)
        assert (answer.status, list(answer.json()["details"])) == (422, ["task_id"])

    def test_all(self, world: World, keyed: Tenant, soundforge: Api, lalal: FakeLalal) -> None:
        elsewhere.begun(world, keyed, lalal)
        elsewhere.order(world, keyed)
        assert data(soundforge.post(CANCEL_ALL, {})) == {"cancelled": 2, "left": 0}
        assert data(soundforge.post(CANCEL_ALL, {})) == {"cancelled": 0, "left": 0}
        assert [task.state for task in lalal.tasks.values()] == ["cancelled"]

    @pytest.mark.parametrize("path", [CANCEL, CANCEL_ALL])
    def test_a_page_elsewhere_ends_nothing(self, eve: Browser, path: str) -> None:
        body = b'{"task_id": "0198c0de-0000-7000-8000-000000000000"}'
        told = {"content_type": "application/json"}
        for token in ({}, {"x-csrf-token": "x"}):
            assert eve.call("POST", path, body, **told, **token).status == 403
        good = {"x-csrf-token": form_token(eve.secret)}
        assert eve.call("POST", path, body, **told, **good).status == (404 if path == CANCEL else 200)


class TestTheFunctionForKeys:
    def asked(self, world: World, who: Tenant) -> dict[str, Any]:
        job = elsewhere.order(world, who)
        elsewhere.lease(world, job)
        return {"tenant_id": who.id, "job_id": job.id, "step": 0, "worker_id": WORKER}

    def test_who_holds_the_task_is_given_the_key(self, world: World, keyed: Tenant) -> None:
        told = open_key.handler(self.asked(world, keyed), None)
        assert told == {"id": told["id"], "key": KEY}
        assert json.loads(json.dumps(told)) == told

    def test_others_are_not(self, world: World, keyed: Tenant, bob: Tenant) -> None:
        asked = self.asked(world, keyed)
        for changes in ({"worker_id": "another"}, {"tenant_id": bob.id}, {"step": 1}):
            assert open_key.handler({**asked, **changes}, None).keys() == {"missing"}

    def test_that_there_is_none_is_for_its_owner(self, world: World, ada: Tenant) -> None:
        assert SETTINGS in open_key.handler(self.asked(world, ada), None)["refused"]
