"""Who asks: user, applications, keys, usage."""

from collections.abc import Sequence

import pytest

from functions.dialects.native.schemas import accounts as schemas
from patchbay.domain.users import READ, WRITE
from patchbay.ports import Write
from tests.contract.test_native import BASE, NO_ID, fits, patch, told
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World


def key_with(world: World, tenant: Tenant, *scopes: str) -> str:
    _, secret = world.services.accounts.create_key(tenant.application, scopes=scopes)
    return f"Bearer {secret}"


def test_me(native: Api, ada: Tenant) -> None:
    body = fits(schemas.Me, native.get(f"{BASE}/me"))
    assert body["user"]["id"] == ada.id
    assert body["user"]["email"] == "ada@example.org"
    assert body["application"]["id"] == ada.application.id
    assert body["key"]["id"] == ada.caller.key_id
    assert (body["key"]["scopes"], body["key"]["usable"]) == (["*"], True)


def test_applications_are_made_once_seen_and_renamed(native: Api, ada: Tenant) -> None:
    order = {"name": "Karaoke"}
    made = fits(schemas.Application, native.post(f"{BASE}/applications", order, idempotency_key="k1"))
    again = native.post(f"{BASE}/applications", order, idempotency_key="k1")
    assert (again.json(), again.headers["idempotent-replayed"]) == (made, "true")
    other = native.post(f"{BASE}/applications", {"name": "Other"}, idempotency_key="k1")
    told(other, 422, "idempotency-mismatch")
    path = f"{BASE}/applications/{made['id']}"
    assert fits(schemas.Application, native.get(path)) == made
    renamed = fits(schemas.Application, patch(native, path, {"name": "Sing"}))
    assert (renamed["name"], native.get(path).json()) == ("Sing", renamed)
    page = fits(schemas.ApplicationPage, native.get(f"{BASE}/applications"))
    assert [a["id"] for a in page["applications"]] == [ada.application.id, made["id"]]
    assert page["next_cursor"] is None


def test_a_new_key_works_and_its_secret_is_shown_once(native: Api, ada: Tenant, world: World) -> None:
    order = {"name": "laptop", "scopes": ["read"], "expires_at": "2026-01-03T00:00:00+01:00"}
    made = fits(schemas.NewKey, native.post(f"{BASE}/keys", order, idempotency_key="k1"))
    assert made["secret"].startswith(made["prefix"])
    assert made["application_id"] == ada.application.id
    told(native.post(f"{BASE}/keys", order, idempotency_key="k1"), 409, "conflict")
    with_it = native.with_key(f"Bearer {made['secret']}")
    assert with_it.get(f"{BASE}/me").json()["key"]["id"] == made["id"]
    told(with_it.post(f"{BASE}/applications", {"name": "x"}), 403, "forbidden")
    assert "secret" not in fits(schemas.Key, native.get(f"{BASE}/keys/{made['id']}"))
    assert made["secret"] not in native.get(f"{BASE}/keys").text
    world.clock.advance(days=1)
    assert native.get(f"{BASE}/keys/{made['id']}").json()["usable"] is False
    told(with_it.get(f"{BASE}/me"), 401, "unauthenticated")


def test_a_key_for_another_application(native: Api, ada: Tenant) -> None:
    application = native.post(f"{BASE}/applications", {"name": "Sing"}).json()
    made = native.post(f"{BASE}/keys", {"name": "n", "application_id": application["id"]}).json()
    assert made["scopes"] == ["*"]
    seen = native.with_key(f"Bearer {made['secret']}").get(f"{BASE}/me").json()
    assert seen["application"] == application


@pytest.mark.parametrize("scopes", [["read"], ["*"], ["write", "read"]])
def test_nobody_gives_more_than_they_may(native: Api, ada: Tenant, world: World, scopes: list[str]) -> None:
    writer = native.with_key(key_with(world, ada, WRITE))
    told(writer.post(f"{BASE}/keys", {"name": "n", "scopes": scopes}), 403, "forbidden")
    told(writer.post(f"{BASE}/keys/{ada.caller.key_id}/rotate", {}), 403, "forbidden")
    assert writer.post(f"{BASE}/keys", {"name": "n"}).json()["scopes"] == [WRITE]


def test_a_key_is_replaced_at_once_or_after_a_while(native: Api, ada: Tenant, world: World) -> None:
    first = native.post(f"{BASE}/keys", {"name": "n", "scopes": ["read"]}).json()
    kept = {"keep_old_for_s": 3600}
    second = fits(schemas.NewKey, native.post(f"{BASE}/keys/{first['id']}/rotate", kept, idempotency_key="r"))
    assert (second["name"], second["scopes"]) == ("n", ["read"])
    told(native.post(f"{BASE}/keys/{first['id']}/rotate", kept, idempotency_key="r"), 409, "conflict")
    old, new = (native.with_key(f"Bearer {key['secret']}") for key in (first, second))
    assert old.get(f"{BASE}/me").status == new.get(f"{BASE}/me").status == 200
    world.clock.advance(hours=1)
    told(old.get(f"{BASE}/me"), 401, "unauthenticated")
    third = native.post(f"{BASE}/keys/{second['id']}/rotate", b"").json()
    told(new.get(f"{BASE}/me"), 401, "unauthenticated")
    assert native.with_key(f"Bearer {third['secret']}").get(f"{BASE}/me").status == 200
    told(native.post(f"{BASE}/keys/{second['id']}/rotate", b""), 409, "conflict")


def test_two_changes_of_a_key_at_the_same_moment(native: Api, ada: Tenant, world: World) -> None:
    made = native.post(f"{BASE}/keys", {"name": "n"}).json()

    def rival(writes: Sequence[Write]) -> None:
        world.services.accounts.revoke_key(ada.id, made["id"])

    world.records.before_write = rival
    told(native.post(f"{BASE}/keys/{made['id']}/rotate", b""), 409, "conflict")


def test_a_key_that_ends_gives_no_key_that_lives_longer(native: Api, world: World) -> None:
    ends = "2026-01-02T03:05:05Z"
    short = native.post(f"{BASE}/keys", {"name": "short", "expires_at": ends}).json()
    api = native.with_key(f"Bearer {short['secret']}")
    made = api.post(f"{BASE}/keys", {"name": "forever"}).json()
    assert made["expires_at"] == short["expires_at"]
    refused = api.post(f"{BASE}/keys", {"name": "longer", "expires_at": "2027-01-01T00:00:00Z"})
    assert (refused.status, "ends at" in refused.json()["detail"]) == (403, True)
    world.clock.advance(minutes=2)
    assert native.with_key(f"Bearer {made['secret']}").get(f"{BASE}/me").status == 401


def test_a_key_is_revoked_for_good(native: Api) -> None:
    made = native.post(f"{BASE}/keys", {"name": "n"}).json()
    ended = fits(schemas.Key, native.delete(f"{BASE}/keys/{made['id']}"))
    assert ended["revoked_at"]
    assert not ended["usable"]
    assert native.delete(f"{BASE}/keys/{made['id']}").json() == ended
    told(native.with_key(f"Bearer {made['secret']}").get(f"{BASE}/me"), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("order", "status", "fields"),
    [
        ({}, 422, ["name"]),
        ({"name": " "}, 422, ["name"]),
        ({"name": "n", "scopes": ["fly"], "colour": 1}, 422, ["scopes.0", "colour"]),
        ({"name": "n", "scopes": []}, 422, ["scopes"]),
        ({"name": "n", "expires_at": "2030-01-01T00:00:00"}, 422, ["expires_at"]),
        ({"name": "n", "expires_at": "2026-01-01T00:00:00Z"}, 400, ["expires_at"]),
        ({"name": "n", "application_id": NO_ID}, 400, ["application_id"]),
    ],
)
def test_a_bad_order_of_a_key_names_every_fault(native: Api, order: object, status: int, fields: list[str]) -> None:
    code = "invalid-fields" if status == 422 else "invalid-input"
    told(native.post(f"{BASE}/keys", order), status, code, *fields)


def test_a_name_of_spaces_is_refused_in_words(native: Api) -> None:
    problem = told(native.post(f"{BASE}/applications", {"name": "\t "}), 422, "invalid-fields", "name")
    assert problem["errors"][0]["message"] == "a name needs a character that can be seen"


def test_another_tenants_application_takes_no_key_of_ours(native: Api, bob: Tenant) -> None:
    order = {"name": "n", "application_id": bob.application.id}
    told(native.post(f"{BASE}/keys", order), 400, "invalid-input", "application_id")


def test_reading_keys_may_look_and_no_more(native: Api, ada: Tenant, world: World) -> None:
    reader = native.with_key(key_with(world, ada, READ))
    for path in ("me", "usage", "applications", "keys", "jobs", "assets", "webhooks", "notices", "events"):
        assert reader.get(f"{BASE}/{path}").status == 200
    told(reader.get(f"{BASE}/webhook-secret"), 403, "forbidden")
    told(reader.get(f"{BASE}/webhooks/{NO_ID}/secret"), 403, "forbidden")
    for path in ("jobs", "assets", "uploads", "webhooks", "keys", "applications", "webhook-secret/rotate"):
        told(reader.post(f"{BASE}/{path}", {}), 403, "forbidden")


def test_usage_by_month_and_work(native: Api, ada: Tenant, bob: Tenant, world: World) -> None:
    world.carry_out(world.order(ada))
    world.clock.advance(days=35)
    for _ in range(2):
        world.carry_out(world.order(ada, dialect="native", params={"sample_format": "wav24"}))
        world.clock.advance(seconds=1)
    world.carry_out(world.order(bob))
    body = fits(schemas.Usage, native.get(f"{BASE}/usage", ("months", "3")))
    assert [month["month"] for month in body["months"]] == ["2026-02", "2026-01", "2025-12"]
    assert [month["jobs"] for month in body["months"]] == [2, 1, 0]
    february = body["months"][0]
    assert february["audio_minutes"] == pytest.approx(2 * 12.5 / 60, abs=1e-3)
    assert february["by_work"] == [
        {
            "dialect": "native",
            "workflow": "stem-isolation-4",
            **{name: february[name] for name in ("jobs", "failed", "audio_minutes", "cost_usd")},
        }
    ]
    assert body["months"][1]["by_work"][0]["dialect"] == "musicai"
    assert body["months"][1]["cost_usd"] > 0
    assert len(native.get(f"{BASE}/usage", ("months", "1")).json()["months"]) == 1
    for months in ("0", "25", "x"):
        told(native.get(f"{BASE}/usage", ("months", months)), 422, "invalid-fields", "months")


def test_there_is_an_end_to_applications(native: Api, world: World, ada: Tenant) -> None:
    for number in range(49):
        world.services.accounts.create_application(ada.id, str(number))
        world.clock.advance(seconds=1)
    told(native.post(f"{BASE}/applications", {"name": "one too many"}), 413, "too-large")
