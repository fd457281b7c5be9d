"""Songs of a tenant's, with and without audio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.core import layout_songs
from patchbay.core.songs import Songs
from patchbay.domain.errors import Conflict, InvalidInput, NotFound
from patchbay.domain.songs import Facts
from tests.fakes.world import Tenant, World

LIGHTS = Facts(title="Blinding Lights", artist="The Weeknd", catalogue="spotify", catalogue_id="4uLU6hMCjMI75M1A2tKUQC")
NO_ID = "0198c0de-0000-7000-8000-000000000000"


@pytest.fixture
def songs(world: World) -> Songs:
    return world.services.songs


def test_a_catalogues_song_is_one_however_often_it_is_found(songs: Songs, ada: Tenant, bob: Tenant) -> None:
    first = songs.found(ada.id, LIGHTS)
    assert songs.found(ada.id, LIGHTS).id == first.id
    newer = songs.found(ada.id, LIGHTS.model_copy(update={"album": "After Hours"}))
    assert (newer.id, newer.facts.album) == (first.id, "After Hours")
    assert songs.found(bob.id, LIGHTS).id != first.id
    assert [song.id for song in songs.list(ada.id, limit=10)] == [first.id]


def test_what_is_found_again_keeps_its_audio(world: World, songs: Songs, ada: Tenant) -> None:
    song = songs.found(ada.id, LIGHTS)
    songs.bring(ada.id, song.id, world.upload(ada).id)
    again = songs.found(ada.id, LIGHTS.model_copy(update={"album": "After Hours"}))
    assert again.asset_id == songs.get(ada.id, song.id).asset_id is not None


def test_of_two_who_find_it_at_once_one_makes_it(world: World, songs: Songs, ada: Tenant) -> None:
    rivals: list[str] = []

    def rival(*writes: object) -> None:
        if not rivals:
            rivals.append("")
            rivals[0] = songs.found(ada.id, LIGHTS).id

    world.records.before_write = rival
    assert songs.found(ada.id, LIGHTS).id == rivals[0]
    assert len(songs.list(ada.id, limit=10)) == 1


def test_a_deleted_song_can_be_found_anew(world: World, songs: Songs, ada: Tenant) -> None:
    first = songs.found(ada.id, LIGHTS)
    songs.delete(ada.id, first.id)
    with pytest.raises(NotFound):
        songs.get(ada.id, first.id)
    second = songs.found(ada.id, LIGHTS)
    assert second.id != first.id


def test_a_mark_that_a_deletion_left_behind_is_in_nobodys_way(world: World, songs: Songs, ada: Tenant) -> None:
    first = songs.found(ada.id, LIGHTS)
    (mark,) = layout_songs.claim(first)
    songs.delete(ada.id, first.id)
    world.records.write(mark)
    assert songs.found(ada.id, LIGHTS).id != first.id


def test_an_owners_own_song_of_an_upload(world: World, songs: Songs, ada: Tenant, bob: Tenant) -> None:
    asset = world.upload(ada)
    song = songs.add(ada.id, Facts(title="Demo"), asset_id=asset.id)
    assert songs.audio_of(ada.id, song.id) == (song, asset)
    assert song.label == "Demo"
    with pytest.raises(NotFound):
        songs.add(bob.id, Facts(title="Demo"), asset_id=asset.id)


def test_a_repeated_request_makes_one_song(world: World, songs: Songs, ada: Tenant) -> None:
    made = set()
    for _ in range(2):
        once, _ = world.services.idempotency.begin(ada.id, "key", "same")
        made.add(songs.add(ada.id, Facts(title="Demo"), once=once).id)
    assert len(made) == 1


def test_audio_goes_by_its_own_id_too(world: World, songs: Songs, ada: Tenant, bob: Tenant) -> None:
    asset = world.upload(ada)
    assert songs.audio_of(ada.id, asset.id) == (None, asset)
    for stranger in (asset.id, NO_ID, "x", ""):
        with pytest.raises(NotFound):
            songs.audio_of(bob.id, stranger)


def test_a_song_without_audio_says_how_to_get_some(world: World, songs: Songs, ada: Tenant) -> None:
    song = songs.found(ada.id, LIGHTS)
    with pytest.raises(Conflict, match="download it, or upload it"):
        songs.audio_of(ada.id, song.id)
    asset = world.upload(ada)
    songs.bring(ada.id, song.id, asset.id)
    world.services.assets.delete(ada.id, asset.id)
    with pytest.raises(Conflict, match="bring it again"):
        songs.audio_of(ada.id, song.id)


def test_audio_that_cannot_be_used_is_refused_with_the_reason(world: World, songs: Songs, ada: Tenant) -> None:
    asset = world.upload(ada, b"no audio")
    world.services.assets.inspect(ada.id, asset.id)
    with pytest.raises(InvalidInput, match="cannot be used") as caught:
        songs.audio_of(ada.id, asset.id)
    assert caught.value.field == "track_id"


def test_songs_are_their_owners_alone(songs: Songs, ada: Tenant, bob: Tenant) -> None:
    song = songs.found(ada.id, LIGHTS)
    for attempt in (songs.get, songs.delete, songs.audio_of):
        with pytest.raises(NotFound):
            attempt(bob.id, song.id)
    with pytest.raises(NotFound):
        songs.bring(bob.id, song.id, NO_ID)
    assert songs.list(bob.id, limit=10) == []


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(1, 4))
def test_pages_together_are_all_songs_once_newest_first(numbers: list[int], limit: int) -> None:
    world = World()
    ada, songs = world.tenant(), world.services.songs
    made = [songs.found(ada.id, LIGHTS.model_copy(update={"catalogue_id": str(n)})).id for n in numbers]
    told: list[str] = []
    while page := songs.list(ada.id, limit=limit, before=told[-1] if told else None):
        told += [song.id for song in page]
    assert told == sorted(set(made), reverse=True)


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_a_page_has_a_sensible_length(songs: Songs, ada: Tenant, limit: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 100"):
        songs.list(ada.id, limit=limit)


def test_what_an_album_does_not_tell_is_not_forgotten(songs: Songs, ada: Tenant) -> None:
    songs.found(ada.id, LIGHTS.model_copy(update={"isrc": "USUG11904206"}))
    again = songs.found(ada.id, LIGHTS.model_copy(update={"album": "After Hours"}))
    assert (again.facts.isrc, again.facts.album) == ("USUG11904206", "After Hours")
    assert songs.found(ada.id, LIGHTS.model_copy(update={"isrc": "OTHER"})).facts.isrc == "OTHER"


def test_of_two_who_find_a_mark_left_behind_one_takes_it(world: World, songs: Songs, ada: Tenant) -> None:
    first = songs.found(ada.id, LIGHTS)
    (mark,) = layout_songs.claim(first)
    songs.delete(ada.id, first.id)
    world.records.write(mark)
    rivals: list[str] = []

    def rival(*writes: object) -> None:
        if not rivals:
            rivals.append("")
            rivals[0] = songs.found(ada.id, LIGHTS).id

    world.records.before_write = rival
    assert songs.found(ada.id, LIGHTS).id == rivals[0]
    assert [song.id for song in songs.list(ada.id, limit=10)] == rivals
