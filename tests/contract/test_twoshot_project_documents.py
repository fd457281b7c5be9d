"""Documents of projects are looked at to the last field, and a fault is told by its place."""

import json
from typing import Any

import pytest

from patchbay.domain.arrangement import MAX_CLIPS, MAX_SOURCES, MAX_TRACKS
from patchbay.domain.projects import MAX_DOCUMENT_BYTES
from tests.fakes.gateway import Api
from tests.fakes.world import World
from tests.support.twoshot import NO_ID, taken, told
from tests.support.twoshot_projects import DOCUMENT, DRUMS, KICK, clip, document, put

GENERATED = {"generationJobId": NO_ID, "outputName": "mix.wav"}
HUGE = 10**400
BAD_TEMPI: list[object] = [None, "120", True, 0, -120, 19.9, 999.1, 1e300, HUGE, [120]]
BAD_GRIDS: list[object] = [None, -1, 1e9, "1/4"]
BAD_LOOPS: list[object] = [0, -4, 1e9, "", "never", True, [4], HUGE]
BAD_SPEEDS: list[object] = [0, 0.09, 10.1, -1, None, "fast", "Tempo-Sync", True, {}, HUGE]


def without(field: str, of: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in of.items() if name != field}


BAD_PROJECTS: list[tuple[dict[str, Any], str]] = [
    (without("name", DOCUMENT), "name"),
    (without("tempo", DOCUMENT), "tempo"),
    (without("tracks", DOCUMENT), "tracks"),
    ({**DOCUMENT, "timeSignature": "3/4"}, "timeSignature"),
    ({**DOCUMENT, "data": "x"}, "data"),
    ({**DOCUMENT, "name": ""}, "name"),
    ({**DOCUMENT, "name": " \u202e "}, "name"),
    ({**DOCUMENT, "name": "x" * 201}, "name"),
    ({**DOCUMENT, "name": 5}, "name"),
    ({**DOCUMENT, "version": 1}, "version"),
    ({**DOCUMENT, "version": "x" * 65}, "version"),
    ({**DOCUMENT, "public": "true"}, "public"),
    *(({**DOCUMENT, "tempo": bad}, "tempo") for bad in BAD_TEMPI),
    *(({**DOCUMENT, "grid": bad}, "grid") for bad in BAD_GRIDS),
    ({**DOCUMENT, "snapToGrid": 1}, "snapToGrid"),
    ({**DOCUMENT, "playHead": None}, "playHead"),
    ({**DOCUMENT, "playHead": {"start": -1}}, "playHead.start"),
    ({**DOCUMENT, "playHead": {"start": 8, "end": 7}}, "playHead.end"),
    ({**DOCUMENT, "playHead": {"begin": 8}}, "playHead.begin"),
    ({**DOCUMENT, "soloTarget": {}}, "soloTarget"),
    ({**DOCUMENT, "soloTarget": {"track": DRUMS["id"], "clip": KICK["id"]}}, "soloTarget"),
    ({**DOCUMENT, "soloTarget": {"track": "none"}}, "soloTarget.track"),
    ({**DOCUMENT, "soloTarget": {"clip": DRUMS["id"]}}, "soloTarget.clip"),
    ({**DOCUMENT, "soloTarget": {"lane": "x"}}, "soloTarget.lane"),
    ({**DOCUMENT, "tracks": None}, "tracks"),
    ({**DOCUMENT, "tracks": {}}, "tracks"),
    ({**DOCUMENT, "tracks": [DRUMS, None]}, "tracks[1]"),
    ({**DOCUMENT, "tracks": [DRUMS, DRUMS]}, "tracks[1].id"),
    ({**DOCUMENT, "tracks": [{**DRUMS, "id": f"{n}", "clips": []} for n in range(MAX_TRACKS + 1)]}, "tracks"),
]
BAD_TRACKS: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "id"),
    ({"id": 7}, "id"),
    ({"id": "x" * 65}, "id"),
    ({"name": None}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"clips": None}, "clips"),
    ({"clips": [KICK, KICK]}, "clips[1].id"),
    ({"clips": [7]}, "clips[0]"),
    ({"pan": 1.01}, "pan"),
    ({"volume": -0.1}, "volume"),
    ({"volume": 4.1}, "volume"),
    ({"muted": None}, "muted"),
    *(({"loopEvery": bad}, "loopEvery") for bad in BAD_LOOPS),
    ({"solo": True}, "solo"),
]
BAD_CLIPS: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "id"),
    ({"name": 7}, "name"),
    ({"color": {"hue": -1}}, "color.hue"),
    ({"color": {"hue": "red"}}, "color.hue"),
    ({"color": "red"}, "color"),
    ({"color": {"red": 1}}, "color.red"),
    ({"position": -0.001}, "position"),
    ({"position": 1e6}, "position"),
    ({"position": "4"}, "position"),
    ({"muted": 0}, "muted"),
    ({"volume": 5}, "volume"),
    ({"source": None}, "source"),
    ({"source": {}}, "source"),
    ({"source": {"audioId": None}}, "source"),
    ({"source": {"audioId": "kick.wav"}}, "source.audioId"),
    ({"source": {"audioId": "../" + NO_ID}}, "source.audioId"),
    ({"source": {"sampleId": 0}}, "source.sampleId"),
    ({"source": {"sampleId": "12345"}}, "source.sampleId"),
    ({"source": {"sampleId": 2**53}}, "source.sampleId"),
    ({"source": {"sampleId": 1.5}}, "source.sampleId"),
    ({"source": {**GENERATED, "sampleId": 12345}}, "source"),
    ({"source": {"generationJobId": NO_ID}}, "source"),
    ({"source": {"outputName": "mix.wav", "sampleId": 12345}}, "source"),
    ({"source": {**GENERATED, "outputName": ""}}, "source.outputName"),
    ({"source": {**GENERATED, "generationJobId": 5}}, "source.generationJobId"),
    ({"source": {**GENERATED, "audioId": "mix.wav"}}, "source.audioId"),
    ({"source": {"duration": 2.5, "tempo": 90}}, "source"),
    ({"source": {"sampleId": 7, "duration": -1}}, "source.duration"),
    ({"source": {"sampleId": 7, "tempo": "90"}}, "source.tempo"),
    ({"source": {"sampleId": 7, "colour": {"red": 1}}}, "source.colour.red"),
    ({"source": {"url": "http://x/"}}, "source.url"),
    ({"pitchOffset": 49}, "pitchOffset"),
    ({"reversed": "no"}, "reversed"),
    *(({"speed": bad}, "speed") for bad in BAD_SPEEDS),
    ({"preservePitch": 1}, "preservePitch"),
    ({"cutStart": -1}, "cutStart"),
    ({"cutStart": 90_000}, "cutStart"),
    ({"cutEnd": 0}, "cutEnd"),
    ({"cutStart": 2.5}, "cutEnd"),
    ({"cutStart": 3}, "cutEnd"),
    ({"cutEnd": 1e300}, "cutEnd"),
    ({"cutend": 2}, "cutend"),
    ({"pan": -1.5}, "pan"),
]


def wrong(api: Api, world: World, body: dict[str, Any], field: str) -> None:
    """Refused as a new project and as a change, and nothing is kept of it."""
    good = taken(api.post("/project", DOCUMENT), 201)["id"]
    before = dict(world.records.items), dict(world.objects.stored)
    told(api.post("/project", body), 400, "VALIDATION_ERROR", field)
    if field not in {"name", "tempo", "tracks"} or field in body:
        told(put(api, good, body), 400, "VALIDATION_ERROR", field)
        told(put(api, good, {"data": body}), 400, "VALIDATION_ERROR", field)
    assert (world.records.items, world.objects.stored) == before


@pytest.mark.parametrize(("body", "field"), BAD_PROJECTS, ids=range(len(BAD_PROJECTS)))
def test_a_wrong_project(twoshot: Api, world: World, body: dict[str, Any], field: str) -> None:
    wrong(twoshot, world, body, field)


@pytest.mark.parametrize(("more", "field"), BAD_TRACKS, ids=range(len(BAD_TRACKS)))
def test_a_wrong_track(twoshot: Api, world: World, more: dict[str, Any], field: str) -> None:
    first = {"id": "first", "name": "First"}
    wrong(twoshot, world, {**DOCUMENT, "tracks": [first, {**DRUMS, **more}]}, f"tracks[1].{field}")


@pytest.mark.parametrize(("more", "field"), BAD_CLIPS, ids=range(len(BAD_CLIPS)))
def test_a_wrong_clip(twoshot: Api, world: World, more: dict[str, Any], field: str) -> None:
    wrong(twoshot, world, document(clip(id="first"), clip(**more)), f"tracks[0].clips[1].{field}")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_told_by_its_place(twoshot: Api, number: str) -> None:
    body = json.dumps(document(clip(id="1"), clip(cutEnd="HERE"))).replace('"HERE"', number).encode()
    told(twoshot.post("/project", body), 400, "VALIDATION_ERROR", "tracks[0].clips[1].cutEnd")


def test_every_fault_is_told_up_to_twenty(twoshot: Api) -> None:
    found = twoshot.post("/project", document(*(clip(id=str(n), pan=2) for n in range(30)))).json()["details"]
    assert [each["field"] for each in found["fields"]] == [f"tracks[0].clips[{n}].pan" for n in range(20)]
    assert found["message"].startswith("tracks[0].clips[0].pan: input should be")


@pytest.mark.parametrize("count", [MAX_CLIPS + 1, 10_000])
@pytest.mark.parametrize("tracks", [1, 100])
def test_too_many_clips(twoshot: Api, world: World, count: int, tracks: int) -> None:
    least = [{"id": str(n), "source": {"sampleId": 7}} for n in range(count)]
    body = {**DOCUMENT, "tracks": [{"id": str(n), "clips": least[n::tracks]} for n in range(tracks)]}
    assert "5000 clips" in told(twoshot.post("/project", body), 400, "VALIDATION_ERROR", "tracks")
    assert not world.objects.stored


def test_as_many_as_there_may_be(twoshot: Api) -> None:
    per_track = MAX_CLIPS // 125
    clips = [clip(id=str(n), source={"sampleId": 1 + n % MAX_SOURCES}) for n in range(MAX_CLIPS)]
    tracks = [{"id": str(n), "clips": clips[n * per_track : (n + 1) * per_track]} for n in range(125)]
    body = {**DOCUMENT, "tracks": [*tracks, *({"id": f"empty {n}"} for n in range(MAX_TRACKS - 125))]}
    made = taken(twoshot.post("/project", body), 201)["id"]
    found = taken(twoshot.get(f"/project/{made}"))["data"]["tracks"]
    assert sum(len(track["clips"]) for track in found) == MAX_CLIPS
    one_more = clip(id="one more", source={"sampleId": MAX_SOURCES + 1})
    body["tracks"][-1]["clips"] = [body["tracks"][124]["clips"].pop(), one_more]
    body["tracks"][0]["clips"][0]["source"] = {"sampleId": MAX_SOURCES}
    body["tracks"][0]["clips"].pop()
    told(put(twoshot, made, body), 400, "VALIDATION_ERROR", "tracks[127].clips[1].source")


def test_ids_are_unique_in_all_of_it(twoshot: Api) -> None:
    tracks = [{"id": "a", "clips": [clip(id="a")]}, {"id": "b", "clips": [clip(id="b"), clip(id="a")]}]
    message = told(
        twoshot.post("/project", {**DOCUMENT, "tracks": tracks}), 400, "VALIDATION_ERROR", "tracks[1].clips[1].id"
    )
    assert "tracks[0].clips[0]" in message


def test_a_document_that_is_too_large(twoshot: Api, world: World) -> None:
    """As it is kept, with all that was left out: of what may be sent, too."""
    name = "\u266b" * 200
    body = {**DOCUMENT, "tracks": [{"id": "t", "clips": [clip(id=f"{n:064}", name=name) for n in range(4700)]}]}
    assert len(json.dumps(body, ensure_ascii=False).encode()) > MAX_DOCUMENT_BYTES
    told(twoshot.post("/project", json.dumps(body, ensure_ascii=False).encode()), 413, "TOO_LARGE")
    assert not world.objects.stored
    body["tracks"][0]["clips"] = body["tracks"][0]["clips"][:4000]
    made = taken(twoshot.post("/project", json.dumps(body, ensure_ascii=False).encode()), 201)["id"]
    assert taken(twoshot.get(f"/project/{made}"))["data"]["tracks"][0]["clips"][3999]["name"] == name


def test_sources_of_every_kind_come_back_as_they_were(twoshot: Api) -> None:
    sources: list[dict[str, Any]] = [KICK["source"], {"audioId": NO_ID}, {"sampleId": 7}, GENERATED]
    sources += [{**GENERATED, "audioId": NO_ID}]
    body = document(*(clip(id=str(n), source=source) for n, source in enumerate(sources)))
    made = taken(twoshot.post("/project", body), 201)["id"]
    found = taken(twoshot.get(f"/project/{made}"))["data"]["tracks"][0]["clips"]
    assert [each["source"] for each in found] == sources
    upper = {"audioId": NO_ID.upper()}
    made = taken(twoshot.post("/project", document(clip(source=upper))), 201)["id"]
    assert taken(twoshot.get(f"/project/{made}"))["data"]["tracks"][0]["clips"][0]["source"] == {"audioId": NO_ID}


def test_what_the_vendors_own_studio_keeps_comes_back_as_it_was(twoshot: Api) -> None:
    """Its public model of a project: sources with notes of their length, tempo and colour; clips without a name."""
    notes = {"duration": 8.25, "tempo": 93.5, "colour": {"hue": 210.0, "saturation": 70.0, "lightness": 50.0}}
    least = {"position": 0.0, "cutStart": 0.0, "cutEnd": 2.0, "volume": 1.0, "pan": 0.0, "muted": False, "speed": 1.0}
    clips: list[dict[str, Any]] = [
        {"id": "a", "name": None, "source": {"sampleId": 7, "audioId": NO_ID, **notes}, **least},
        {"id": "b", "name": "", "source": {**GENERATED, "audioId": NO_ID, "duration": 8.25}, **least},
        {"id": "c", "name": "C", "source": {"audioId": NO_ID, "duration": 1.0, "tempo": None}, **least},
    ]
    times = {"created": "2024-01-15T10:30:00.000Z", "updated": "2024-01-16T14:45:30.000Z"}
    track = {"id": "t", "clips": clips, "pan": 0.0, "volume": 1.0, "muted": False}
    head = {"tempo": 120.0, "grid": 0.25, "snapToGrid": True, "playHead": {"start": 0.0}}
    body = {"id": NO_ID, "name": "Studio", **times, **head, "tracks": [track]}
    made = taken(twoshot.post("/project", body), 201)["id"]
    found = taken(twoshot.get(f"/project/{made}"))["data"]["tracks"][0]["clips"]
    clips[2]["source"] = {"audioId": NO_ID, "duration": 1.0}
    assert [{name: each[name] for name in clips[0]} for each in found] == clips
    assert taken(put(twoshot, made, {**body, "name": "Again"}))["data"]["tracks"][0]["clips"] == found


@pytest.mark.parametrize("every", [None, "auto", 4, 0.0625, 16.5])
@pytest.mark.parametrize("speed", ["tempo-sync", 0.1, 10, 1.25])
def test_numbers_or_words(twoshot: Api, every: object, speed: object) -> None:
    body = {**DOCUMENT, "tracks": [{**DRUMS, "loopEvery": every, "clips": [clip(speed=speed)]}]}
    made = taken(twoshot.post("/project", body), 201)["id"]
    found = taken(twoshot.get(f"/project/{made}"))["data"]["tracks"][0]
    assert (found["loopEvery"], found["clips"][0]["speed"]) == (every, speed)


def test_a_solo_of_what_a_change_takes_away(twoshot: Api) -> None:
    made = taken(twoshot.post("/project", {**DOCUMENT, "soloTarget": {"clip": KICK["id"]}}), 201)["id"]
    told(put(twoshot, made, {"tracks": []}), 400, "VALIDATION_ERROR", "soloTarget.clip")
    assert taken(put(twoshot, made, {"tracks": [], "soloTarget": None}))["data"]["soloTarget"] is None
