"""Spotify's catalogue through spotipy, against a server on this machine that speaks its Web API."""

from collections.abc import Iterator
from typing import Any

import pytest

from patchbay.adapters.web.spotify import MAX_SONGS, Spotify
from patchbay.domain.errors import CatalogueFailed, NotFound, UnknownAddress
from tests.support.spotify import CLIENT, LIGHTS, SECRET, FakeSpotify, served, track

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

ALBUM, PLAYLIST = "4yP0hdKOZPNshxUOjY0cZj", "37i9dQZF1DXcBWIGoYBM5M"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSpotify]:
    with served() as fake:
        yield fake


@pytest.fixture
def fake(server: FakeSpotify) -> FakeSpotify:
    server.items, server.status, server.tokens, server.asked = {f"tracks/{LIGHTS}": track()}, 0, 0, []
    return server


def catalogue(fake: FakeSpotify, secret: str = SECRET) -> Spotify:
    return Spotify(CLIENT, secret, api_url=f"{fake.url}/v1/", accounts_url=f"{fake.url}/")


@pytest.mark.parametrize(
    "url",
    [
        f"https://open.spotify.com/track/{LIGHTS}",
        f"https://open.spotify.com/track/{LIGHTS}?si=abc",
        f" https://open.spotify.com/intl-de/track/{LIGHTS}/ ",
        f"http://open.spotify.com/embed/track/{LIGHTS}#t=10",
        f"spotify:track:{LIGHTS}",
    ],
)
def test_a_track_by_any_of_its_addresses(fake: FakeSpotify, url: str) -> None:
    found = catalogue(fake).lookup(url)
    (song,) = found.songs
    assert (found.kind, found.title) == ("track", "Blinding Lights")
    assert (song.title, song.artist, song.album, song.isrc) == (
        "Blinding Lights",
        "The Weeknd",
        "After Hours",
        "USUG11904206",
    )
    assert (song.duration_s, song.catalogue, song.catalogue_id) == (200.04, "spotify", LIGHTS)
    assert song.url == f"https://open.spotify.com/track/{LIGHTS}"


def test_an_album_whose_tracks_know_it(fake: FakeSpotify) -> None:
    parts = [track(f"{n:022d}", f"Part {n}") for n in range(5)]
    for part in parts:
        del part["album"], part["external_ids"]
    pages = fake.page(parts, f"albums/{ALBUM}/tracks", 2)
    fake.items[f"albums/{ALBUM}"] = {"name": "After Hours", "images": [], "tracks": pages}
    found = catalogue(fake).lookup(f"https://open.spotify.com/album/{ALBUM}")
    assert [song.title for song in found.songs] == [f"Part {n}" for n in range(5)]
    assert {song.album for song in found.songs} == {"After Hours"}


def test_a_playlist_has_gaps(fake: FakeSpotify) -> None:
    entries: list[Any] = [{"track": track(f"{n:022d}")} for n in range(3)]
    entries += [{"track": None}, {}, {"track": {"type": "episode", "id": "x"}}, {"track": track("", id=None)}]
    pages = fake.page(entries, f"playlists/{PLAYLIST}/tracks", 3)
    fake.items[f"playlists/{PLAYLIST}"] = {"name": "Hits", "tracks": pages}
    found = catalogue(fake).lookup(f"https://open.spotify.com/playlist/{PLAYLIST}")
    assert (found.kind, found.title, len(found.songs)) == ("playlist", "Hits", 3)


def test_a_list_without_an_end_is_read_to_a_limit(fake: FakeSpotify) -> None:
    endless = {"items": [{"track": track(f"{n:022d}")} for n in range(50)], "next": f"{fake.url}/v1/more"}
    fake.items |= {"more": endless, f"playlists/{PLAYLIST}": {"name": "Hits", "tracks": endless}}
    found = catalogue(fake).lookup(f"spotify:playlist:{PLAYLIST}")
    assert len(found.songs) == MAX_SONGS
    assert len(fake.asked) == MAX_SONGS // 50


def test_one_token_does_for_many_calls(fake: FakeSpotify) -> None:
    spotify = catalogue(fake)
    for _ in range(3):
        spotify.lookup(f"spotify:track:{LIGHTS}")
    assert fake.tokens == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://open.spotify.com/",
        f"https://open.spotify.com/artist/{LIGHTS}",
        f"https://evil.example/open.spotify.com/track/{LIGHTS}",
        f"https://open.spotify.com.evil.example/track/{LIGHTS}",
        f"https://open.spotify.com/track/{LIGHTS}x",
        "https://open.spotify.com/track/../../me",
        "https://youtu.be/dQw4w9WgXcQ",
    ],
)
def test_other_addresses_are_refused_without_a_call(fake: FakeSpotify, url: str) -> None:
    with pytest.raises(UnknownAddress) as caught:
        catalogue(fake).lookup(url)
    assert caught.value.field == "url"
    assert fake.asked == []


def test_what_spotify_does_not_have_is_not_found(fake: FakeSpotify) -> None:
    with pytest.raises(NotFound):
        catalogue(fake).lookup(f"spotify:track:{'0' * 22}")


def test_wrong_credentials_are_the_operators_matter(fake: FakeSpotify) -> None:
    with pytest.raises(CatalogueFailed, match="operator"):
        catalogue(fake, "wrong").lookup(f"spotify:track:{LIGHTS}")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refusal_is_told_without_its_words(fake: FakeSpotify, status: int) -> None:
    fake.status = status
    with pytest.raises(CatalogueFailed, match=str(status)):
        catalogue(fake).lookup(f"spotify:track:{LIGHTS}")
    assert len(fake.asked) == 1, "it is not asked again while somebody waits"


def test_a_server_that_is_away_is_told_as_such() -> None:
    spotify = Spotify(CLIENT, SECRET, api_url="http://127.0.0.1:9/v1/", accounts_url="http://127.0.0.1:9/")
    with pytest.raises(CatalogueFailed, match="does not answer"):
        spotify.lookup(f"spotify:track:{LIGHTS}")


@pytest.mark.parametrize("answer", [{}, [], {"name": None}, track(duration_ms="x"), track(artists=None), 5])
def test_an_answer_of_another_form_is_refused(fake: FakeSpotify, answer: Any) -> None:
    fake.items[f"tracks/{LIGHTS}"] = answer
    with pytest.raises(CatalogueFailed, match="cannot be understood"):
        catalogue(fake).lookup(f"spotify:track:{LIGHTS}")
