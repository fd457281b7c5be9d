"""Two tenants and every route and verb of the TwoShot API: what is another's is not there, and does not change."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.gateway import Answer, Api
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample, make_sample
from tests.support.twoshot import bearer, picture, register, send, taken, told
from tests.support.twoshot_projects import DOCUMENT
from tests.support.twoshot_routes import BODY, ROUTES, Route
from tests.support.videos import synced_video

SECRET = "canary"


@dataclass(frozen=True)
class Secrets:
    """What Ada has, and who else asks."""

    ids: dict[str, list[str]]
    """Parameter -> values of hers, one of Bob's at the end."""
    bodies: dict[str, list[Any]]
    queries: list[tuple[str, str]]
    hidden: list[str]
    """What nobody else may be told."""
    askers: list[Api]


@pytest.fixture
def secrets(twoshot: Api, ada: Tenant, world: World) -> Secrets:
    folder = taken(twoshot.post("/sample/folder", {"name": SECRET}), 201)["id"]
    sample = library_sample(world, ada, SECRET, public=False, tags=(SECRET,), folder_number=folder, licence_id=1)
    unseen = make_sample(world, ada, f"{SECRET} unseen", public=True)
    open_one = library_sample(world, ada, "Everybody's", folder_number=folder, licence_id=1)
    taken(send(twoshot, f"/sample/{sample.number}/art", picture(), method="PATCH"))
    asset = world.upload(ada)
    image = taken(twoshot.post("/user/picture/upload", {"sizeBytes": 5}))
    world.objects.put(world.objects.key_of(image["uploadUrl"]) or "", picture())
    stems = taken(twoshot.get(f"/audio/{sample.asset_id}/stem"))["jobId"]
    applied = taken(twoshot.post("/licence/apply", {**BODY, "contentId": sample.asset_id}), 201)
    taken(twoshot.post(f"/model/201/tag/{SECRET}", b""))
    song = {"modelId": 101, "inputs": {"prompt": f"{SECRET} calm pop"}}
    made = taken(twoshot.post("/generation", song))["jobId"]
    video = synced_video(world, ada, SECRET)
    taken(twoshot.post(f"/video/{video.id}/render", b""))
    project = taken(twoshot.post("/project", {**DOCUMENT, "name": SECRET}), 201)["id"]
    me = taken(twoshot.get("/user/info"))
    world.index_samples()
    ben = bearer(twoshot, register(twoshot, "ben"))
    his = taken(send(ben, "/sample/audio", public="true"), 201)["sampleId"]
    _, reader = world.services.accounts.create_key(world.tenant("eve@example.org").application, scopes=["read"])
    audio = [sample.asset_id, unseen.asset_id, asset.id]
    return Secrets(
        ids={
            "sample_id": [str(each) for each in (sample.number, unseen.number, his)],
            "audio_id": audio,
            "folder_id": [str(folder)],
            "profile_id": [str(me["id"])],
            "user_id": [str(me["id"])],
            "licence_id": ["1"],
            "model_id": ["201"],
            "tag": ["loud"],
            "job_id": [made],
            "video_id": [video.id],
            "project_id": [project],
            "revision": ["1"],
        },
        bodies={
            "uploadId": [*audio, image["uploadId"]],
            "folderId": [folder],
            "contentId": [*audio, str(sample.number), open_one.asset_id],
            "audioId": audio,
            "inputs": [
                *({"audio": one} for one in audio),
                {"audio": {"sampleId": sample.number}},
                {"audio": {"generationJobId": made, "outputName": "track.wav"}},
            ],
            "email": ["ada@example.org"],
            "tracks": [
                [{"clips": [{"source": source}]}]
                for source in (
                    *({"audioId": one} for one in audio),
                    {"sampleId": sample.number},
                    {"generationJobId": made, "outputName": "track.wav"},
                )
            ],
        },
        queries=[
            ("ids", ",".join(audio)),
            ("ids", audio[0]),
            ("q", SECRET),
            ("name", SECRET),
            ("tags", SECRET),
            ("tag", SECRET),
            ("owner_id", str(me["id"])),
            ("before", str(sample.number)),
            ("before", str(me["id"])),
            ("public", "false"),
        ],
        hidden=[
            SECRET,
            "ada@example.org",
            me["referralCode"],
            sample.asset_id,
            unseen.asset_id,
            asset.id,
            str(sample.number),
            str(folder),
            stems,
            applied["licenseApplicationId"],
            video.id,
            project,
        ],
        askers=[ben, twoshot.with_key(None), twoshot.with_key(f"Bearer {reader}")],
    )


def check(answer: Answer, secrets: Secrets, sent: str) -> None:
    """No answer tells what is hidden; a refusal may say again what was sent."""
    assert answer.status < 500, answer.text
    text = f"{answer.headers} {answer.body.decode('utf-8', 'replace')}"
    leaked = [word for word in secrets.hidden if word in text and (answer.status < 400 or word not in sent)]
    assert not leaked, (leaked, sent, text)


def of_ada(world: World, ada: Tenant) -> dict[Any, Any]:
    items = {key: stored for key, stored in world.records.items.items() if ada.id in key[0]}
    objects = {key: data for key, data in world.objects.stored.items() if ada.id in key}
    return {**items, **objects}


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_what_is_anothers_is_not_there(secrets: Secrets, twoshot: Api, ada: Tenant, world: World, route: Route) -> None:
    before = of_ada(world, ada)
    path = route.filled(**{name: secrets.ids[name][0] for name in route.params})
    body = route.body(**{name: values[0] for name, values in secrets.bodies.items()})
    for asker in secrets.askers:
        answer = asker.call(
            route.method, path, query=[("ids", secrets.ids["audio_id"][0])], body=json.dumps(body).encode()
        )
        check(answer, secrets, path + str(body) + secrets.ids["audio_id"][0])
        theirs = {"sample_id", "audio_id", "folder_id", "video_id", "project_id"} & set(route.params)
        if theirs or route.path == "/audio/download":
            expected = {(404, "NOT_FOUND"), (403, "FORBIDDEN"), (401, "UNAUTHORIZED")}
            assert (answer.status, answer.json()["code"]) in expected, answer.text
    assert of_ada(world, ada) == before


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_others_ask_hers_stays_hers(secrets: Secrets, ada: Tenant, world: World, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(ROUTES))
    path = route.filled(**{name: data.draw(st.sampled_from(secrets.ids[name])) for name in route.params})
    body = route.body(**{name: data.draw(st.sampled_from(values)) for name, values in secrets.bodies.items()})
    query = data.draw(st.lists(st.sampled_from(secrets.queries), max_size=3))
    before = of_ada(world, ada)
    answer = data.draw(st.sampled_from(secrets.askers)).call(
        route.method, path, query=query, body=json.dumps(body).encode()
    )
    check(answer, secrets, path + str(body) + str(query))
    assert of_ada(world, ada) == before


def test_its_owner_gets_all_of_it(secrets: Secrets, twoshot: Api) -> None:
    """Or the others' refusals would show nothing."""
    number, audio_id = secrets.ids["sample_id"][0], secrets.ids["audio_id"][0]
    folder = secrets.ids["folder_id"][0]
    for path in (
        f"/sample/{number}",
        f"/audio/{audio_id}",
        f"/audio/{audio_id}/stem",
        f"/sample/folder/{folder}",
        "/video",
        f"/project/{secrets.ids['project_id'][0]}",
    ):
        assert SECRET in twoshot.get(path).text or path.endswith("/stem")
    assert twoshot.get(f"/sample/{number}/preview/{audio_id}").status == 302
    found = [each["sample"]["name"] for each in taken(twoshot.get("/sample", ("q", SECRET)))]
    assert found == [f"{SECRET} unseen", SECRET]
    told(twoshot.delete(f"/sample/folder/{folder}"), 409, "CONFLICT")
