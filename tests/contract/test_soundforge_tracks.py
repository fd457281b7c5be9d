"""SoundForge: tracks of Spotify and one's own, and their audio."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from patchbay.domain.errors import CatalogueFailed, NotFound, UnknownAddress
from patchbay.domain.songs import Facts, Listing
from tests.contract.test_soundforge import data
from tests.fakes.gateway import Api
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World

URL = "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"
LIGHTS = Facts(
    title="Blinding Lights",
    artist="The Weeknd",
    album="After Hours",
    art_url="https://i.scdn.co/image/1",
    duration_s=200.04,
    catalogue="spotify",
    catalogue_id="4uLU6hMCjMI75M1A2tKUQC",
    url=URL,
)
NO_ID = "0198c0de-0000-7000-8000-000000000000"
AUDIO = "https://audio.example.org/song.wav"


@dataclass
class FakeCatalogue:
    listings: dict[str, Listing | Exception] = field(default_factory=dict)

    def lookup(self, url: str) -> Listing:
        found = self.listings.get(url, UnknownAddress("that is no address", field="url"))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class FakeProvider:
    url: str | None = None
    name: str = "library"

    def find(self, facts: Facts) -> str | None:
        return self.url


@pytest.fixture
def catalogue(world: World) -> FakeCatalogue:
    made = FakeCatalogue({URL: Listing(kind="track", title=LIGHTS.title, songs=(LIGHTS,))})
    world.services.__dict__["song_catalogue"] = made
    return made


@pytest.fixture
def provider(world: World) -> FakeProvider:
    made = FakeProvider()
    world.services.__dict__["audio_providers"] = (made,)
    return made


def fetched(soundforge: Api, url: str = URL) -> Any:
    return data(soundforge.post("/api/spotify/fetch", {"url": url}))


def test_a_track_as_the_document_has_it(catalogue: FakeCatalogue, soundforge: Api) -> None:
    answer = soundforge.post("/api/spotify/fetch", {"url": URL}).json()
    track = answer["data"]["track"]
    assert answer["data"]["type"] == "track"
    assert track == {
        "id": track["id"],
        "spotify_id": "4uLU6hMCjMI75M1A2tKUQC",
        "title": "Blinding Lights",
        "artist": "The Weeknd",
        "album": "After Hours",
        "album_art_url": "https://i.scdn.co/image/1",
        "duration": 200,
        "spotify_url": URL,
        "has_audio": False,
    }
    assert (answer["success"], answer["metadata"]) == (True, answer["data"])
    assert fetched(soundforge)["track"]["id"] == track["id"]


@pytest.mark.parametrize("kind", ["album", "playlist"])
def test_albums_and_playlists_have_tracks(catalogue: FakeCatalogue, soundforge: Api, kind: Any) -> None:
    songs = tuple(LIGHTS.model_copy(update={"catalogue_id": str(n), "title": f"Song {n}"}) for n in range(3))
    catalogue.listings["many"] = Listing(kind=kind, title="Many", songs=songs)
    found = fetched(soundforge, "many")
    assert (found["type"], found["name"]) == (kind, "Many")
    assert [track["title"] for track in found["tracks"]] == ["Song 0", "Song 1", "Song 2"]
    assert "track" not in found or found["track"] is None


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (UnknownAddress("that is no address", field="url"), 422, "invalid_url"),
        (CatalogueFailed("Spotify answered 500"), 502, "spotify_error"),
        (NotFound("Spotify has nothing there"), 404, "NOT_FOUND"),
    ],
)
def test_the_documents_codes(
    catalogue: FakeCatalogue, soundforge: Api, raised: Exception, status: int, code: str
) -> None:
    catalogue.listings["bad"] = raised
    answer = soundforge.post("/api/spotify/fetch", {"url": "bad"})
    assert (answer.status, answer.json()["code"]) == (status, code)


def test_without_credentials_the_operator_is_named(soundforge: Api) -> None:
    answer = soundforge.post("/api/spotify/fetch", {"url": URL})
    assert (answer.status, answer.json()["code"]) == (503, "unauthorized")
    assert "operator" in answer.json()["error"]


def test_a_download_from_the_library_to_the_separation(
    world: World, ada: Tenant, catalogue: FakeCatalogue, provider: FakeProvider, soundforge: Api
) -> None:
    provider.url = AUDIO
    world.web.pages[AUDIO] = GOOD
    begun = data(soundforge.post("/api/download/track", {"url": URL, "quality": "high"}))
    assert begun == {"job_id": begun["job_id"], "track_id": fetched(soundforge)["track"]["id"], "status": "queued"}
    path = f"/api/download/job/{begun['job_id']}"
    assert data(soundforge.get(path))["status"] == "downloading"
    job = world.services.jobs.get(ada.id, begun["job_id"])
    assert job.params == {"bitrate_kbps": 320}  # mp3 is the encoder's default
    world.services.assets.inspect(ada.id, job.input_asset_id or "")
    assert data(soundforge.get(path))["status"] == "queued"
    world.carry_out(job)
    over = data(soundforge.get(path))
    assert (over["status"], over["progress"], over["error"]) == ("completed", 100, None)
    assert over["output_path"].startswith(f"/files/downloads/{begun['track_id']}/The Weeknd - Blinding Lights.mp3")
    assert over["file_size"] > 0
    given = soundforge.get(over["output_path"])
    assert given.status == 302
    assert "results/" in str(world.objects.key_of(given.headers["location"]))
    assert fetched(soundforge)["track"]["has_audio"] is True
    assert soundforge.post("/api/processing/separate", {"track_id": begun["track_id"]}).status == 200


@pytest.mark.parametrize(
    ("quality", "params"),
    [
        ("lossless", {"format": "flac"}),
        ("high", {"bitrate_kbps": 320}),
        ("medium", {"bitrate_kbps": 192}),
        ("low", {"bitrate_kbps": 96}),
    ],
)
def test_qualities_are_encodings(
    world: World,
    ada: Tenant,
    catalogue: FakeCatalogue,
    soundforge: Api,
    quality: str,
    params: dict[str, object],
) -> None:
    body = {"url": URL, "quality": quality, "audio_url": AUDIO}
    begun = data(soundforge.post("/api/download/track", body))
    job = world.services.jobs.get(ada.id, begun["job_id"])
    assert job.params == params
    assert job.input_url == AUDIO


def test_who_knows_where_the_audio_is_needs_no_catalogue(soundforge: Api) -> None:
    begun = data(soundforge.post("/api/download/track", {"url": URL, "audio_url": AUDIO}))
    assert data(soundforge.get(f"/api/tracks/{begun['track_id']}"))["has_audio"] is True
    refused = soundforge.post("/api/download/track", {"url": URL})
    assert (refused.status, refused.json()["code"]) == (503, "unauthorized")
    assert soundforge.post("/api/download/track", {"url": "", "audio_url": AUDIO}).status == 422


def test_what_a_track_has_is_not_fetched_again(
    world: World, catalogue: FakeCatalogue, provider: FakeProvider, soundforge: Api
) -> None:
    first = data(soundforge.post("/api/download/track", {"url": URL, "audio_url": AUDIO}))
    again = data(soundforge.post("/api/download/track", {"track_id": first["track_id"], "quality": "low"}))
    assert again["track_id"] == first["track_id"]
    assert again["job_id"] != first["job_id"]


def test_nobody_who_has_it_is_a_clear_error(
    catalogue: FakeCatalogue, provider: FakeProvider, world: World, soundforge: Api
) -> None:
    answer = soundforge.post("/api/download/track", {"url": URL})
    assert answer.status == 422
    assert "asked were: library" in answer.json()["details"]["url"][0]
    world.services.__dict__["audio_providers"] = ()
    world.services.__dict__.pop("downloads", None)
    answer = soundforge.post("/api/download/track", {"url": URL})
    assert "the operator has set up none" in answer.json()["details"]["url"][0]


def test_addresses_inside_are_not_fetched(catalogue: FakeCatalogue, soundforge: Api) -> None:
    answer = soundforge.post("/api/download/track", {"url": URL, "audio_url": "http://169.254.169.254/latest"})
    assert answer.status == 422


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "url"),
        ({"url": URL, "track_id": NO_ID}, "url"),
        ({"url": URL, "quality": "best"}, "quality"),
        ({"url": ""}, "url"),
    ],
)
def test_a_wrong_order_names_its_field(
    catalogue: FakeCatalogue, soundforge: Api, body: dict[str, object], name: str
) -> None:
    answer = soundforge.post("/api/download/track", body)
    assert answer.status == 422
    assert list(answer.json()["details"]) == [name]


def test_an_album_is_downloaded_track_by_track(catalogue: FakeCatalogue, soundforge: Api) -> None:
    catalogue.listings["album"] = Listing(
        kind="album", title="A", songs=(LIGHTS, LIGHTS.model_copy(update={"catalogue_id": "2"}))
    )
    answer = soundforge.post("/api/download/track", {"url": "album"})
    assert "one by one" in answer.json()["details"]["url"][0]


def test_a_track_of_ones_own_by_upload(world: World, ada: Tenant, soundforge: Api) -> None:
    made = data(soundforge.post("/api/tracks", {"title": "Demo", "artist": "Me"}, idempotency_key="k"), 201)
    assert made["upload_url"]
    again = data(soundforge.post("/api/tracks", {"title": "Demo", "artist": "Me"}, idempotency_key="k"), 201)
    assert again["track"] == made["track"]
    asset = world.upload(ada)
    by_id = data(soundforge.post("/api/tracks", {"title": "Other", "audio_id": asset.id}), 201)
    assert by_id["upload_url"] is None
    page = data(soundforge.get("/api/tracks", ("limit", "1")))
    assert [track["title"] for track in page["tracks"]] == ["Other"]
    rest = data(soundforge.get("/api/tracks", ("before", page["next_before"])))
    assert [track["title"] for track in rest["tracks"]] == ["Demo"]
    assert data(soundforge.get("/api/tracks", ("limit", "1"), ("before", "")))["tracks"] == page["tracks"]
    refused = soundforge.get("/api/tracks", ("before", "x"))
    assert (refused.status, list(refused.json()["details"])) == (422, ["before"])
    gone = by_id["track"]["id"]
    assert data(soundforge.delete(f"/api/tracks/{gone}")) == {"id": gone}
    assert soundforge.get(f"/api/tracks/{gone}").status == 404


def test_audio_of_others_is_no_tracks(world: World, bob: Tenant, soundforge: Api) -> None:
    answer = soundforge.post("/api/tracks", {"title": "Theirs", "audio_id": world.upload(bob).id})
    assert (answer.status, list(answer.json()["details"])) == (422, ["audio_id"])


def test_tracks_are_their_owners_alone(
    catalogue: FakeCatalogue, bob: Tenant, soundforge: Api, provider: FakeProvider
) -> None:
    first = data(soundforge.post("/api/download/track", {"url": URL, "audio_url": AUDIO}))
    stranger = soundforge.with_key(f"Bearer {bob.secret}")
    for path in (f"/api/tracks/{first['track_id']}", f"/api/download/job/{first['job_id']}"):
        assert stranger.get(path).status == 404
    assert stranger.delete(f"/api/tracks/{first['track_id']}").status == 404
    assert stranger.post("/api/download/track", {"track_id": first["track_id"]}).status == 404
    assert data(stranger.get("/api/tracks"))["tracks"] == []


@pytest.mark.parametrize("looked_at", [False, True])
def test_good_audio_stays_whatever_is_downloaded_later(
    world: World, ada: Tenant, catalogue: FakeCatalogue, soundforge: Api, looked_at: bool
) -> None:
    asset, track_id = world.upload(ada), fetched(soundforge)["track"]["id"]
    world.services.songs.bring(ada.id, track_id, asset.id)
    if looked_at:
        world.services.assets.inspect(ada.id, asset.id)
    begun = data(soundforge.post("/api/download/track", {"track_id": track_id, "audio_url": AUDIO}))
    assert world.services.jobs.get(ada.id, begun["job_id"]).input_url == AUDIO
    assert world.services.songs.get(ada.id, track_id).asset_id == asset.id


def test_audio_that_cannot_be_used_gives_way(
    world: World, ada: Tenant, catalogue: FakeCatalogue, soundforge: Api
) -> None:
    asset, track_id = world.upload(ada, b"no audio"), fetched(soundforge)["track"]["id"]
    world.services.songs.bring(ada.id, track_id, asset.id)
    world.services.assets.inspect(ada.id, asset.id)
    begun = data(soundforge.post("/api/download/track", {"track_id": track_id, "audio_url": AUDIO}))
    job = world.services.jobs.get(ada.id, begun["job_id"])
    assert world.services.songs.get(ada.id, track_id).asset_id == job.input_asset_id != asset.id


def test_a_repetition_brings_what_a_dead_first_did_not(
    world: World, ada: Tenant, catalogue: FakeCatalogue, soundforge: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"url": URL, "audio_url": AUDIO}
    with monkeypatch.context() as dying:
        dying.setattr(type(world.services.songs), "bring", None)
        assert soundforge.post("/api/download/track", body, idempotency_key="k").status == 500
    again = data(soundforge.post("/api/download/track", body, idempotency_key="k"))
    job = world.services.jobs.get(ada.id, again["job_id"])
    assert world.services.songs.get(ada.id, again["track_id"]).asset_id == job.input_asset_id is not None
