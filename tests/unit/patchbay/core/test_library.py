"""The operator's own recordings, matched to songs."""

import json

import pytest

from patchbay.core.library import FRESH, INDEX, Library
from patchbay.domain.errors import Unavailable
from patchbay.domain.songs import Facts
from tests.fakes.clock import FakeClock

LIGHTS = Facts(
    title="Blinding Lights", artist="The Weeknd", isrc="USUG11904206", catalogue="spotify", catalogue_id="abc"
)
BY_ID = {"key": "id.flac", "spotify_id": "abc"}
BY_ISRC = {"key": "isrc.flac", "isrc": "usug11904206"}
BY_NAME = {"key": "name.flac", "title": "BLINDING  Lights!", "artist": "the weeknd"}


class FakeFolder:
    def __init__(self, *recordings: object) -> None:
        self.data = json.dumps(recordings).encode()
        self.reads = 0

    def read(self, name: str, *, max_bytes: int) -> bytes:
        assert name == INDEX
        self.reads += 1
        return self.data[:max_bytes]

    def link(self, name: str, *, expires_s: int) -> str:
        assert expires_s > 0
        return f"https://library.test/{name}"


def library(*recordings: object) -> Library:
    return Library(FakeFolder(*recordings), FakeClock())


@pytest.mark.parametrize(
    ("recordings", "key"),
    [
        ((BY_NAME, BY_ISRC, BY_ID), "id.flac"),
        ((BY_NAME, BY_ISRC), "isrc.flac"),
        ((BY_NAME,), "name.flac"),
        ((BY_NAME, {**BY_NAME, "key": "later.flac"}), "name.flac"),
    ],
)
def test_the_surest_name_wins(recordings: tuple[object, ...], key: str) -> None:
    assert library(*recordings).find(LIGHTS) == f"https://library.test/{key}"


@pytest.mark.parametrize(
    "recording",
    [
        {"key": "a", "title": "Blinding Lights"},
        {"key": "a", "title": "Blinding Lights", "artist": "Somebody Else"},
        {"key": "a", "spotify_id": "abd"},
        {"key": "a"},
    ],
)
def test_half_a_match_is_none(recording: object) -> None:
    assert library(recording).find(LIGHTS) is None


def test_a_song_without_names_matches_nothing_nameless() -> None:
    assert library({"key": "a", "title": "", "artist": ""}).find(Facts(title="!")) is None


def test_another_catalogues_id_is_not_spotifys() -> None:
    assert library(BY_ID).find(LIGHTS.model_copy(update={"catalogue": "other", "isrc": "", "title": "x"})) is None


def test_accents_make_no_difference() -> None:
    found = library({"key": "a", "title": "Déjà Vu", "artist": "Beyoncé"}).find(
        Facts(title="Deja vu", artist="BEYONCE")
    )
    assert found == "https://library.test/a"


def test_the_list_is_read_again_after_a_while() -> None:
    folder, clock = FakeFolder(), FakeClock()
    made = Library(folder, clock)
    assert made.find(LIGHTS) is None
    folder.data = json.dumps([BY_ID]).encode()
    assert made.find(LIGHTS) is None
    clock.advance(seconds=FRESH.total_seconds())
    assert made.find(LIGHTS) is not None
    assert folder.reads == 2


@pytest.mark.parametrize("data", [b"", b"{}", b'[{"title": "no key"}]', b'["a"]'])
def test_a_list_of_another_form_says_so(data: bytes) -> None:
    made = library()
    made.folder.data = data  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="not a list of recordings"):
        made.find(LIGHTS)
