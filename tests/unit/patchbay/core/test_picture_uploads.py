"""Pictures that come by link."""

import pytest

from patchbay.core.picture_uploads import MAX_BYTES, PictureUploads, incoming_key
from patchbay.domain.errors import InvalidInput, TooLarge
from patchbay.domain.ids import is_id, new_id
from tests.fakes.objects import FakeObjects

ADA, BOB = new_id(), new_id()


@pytest.fixture
def objects() -> FakeObjects:
    return FakeObjects()


@pytest.fixture
def uploads(objects: FakeObjects) -> PictureUploads:
    return PictureUploads(objects, 900)


def arrived(objects: FakeObjects, uploads: PictureUploads, data: bytes) -> str:
    upload_id, url = uploads.begin(ADA, len(data))
    objects.put(objects.key_of(url) or "", data)
    return upload_id


def test_a_picture_is_taken_once(objects: FakeObjects, uploads: PictureUploads) -> None:
    upload_id = arrived(objects, uploads, b"x" * 100_000)
    assert is_id(upload_id)
    assert uploads.take(ADA, upload_id) == b"x" * 100_000
    assert objects.stored == {}
    with pytest.raises(InvalidInput, match="nothing was uploaded"):
        uploads.take(ADA, upload_id)


def test_the_link_is_for_its_size_and_time(uploads: PictureUploads) -> None:
    _, url = uploads.begin(ADA, 77)
    assert "X-Amz-Method=PUT" in url
    assert "size=77" in url
    assert "X-Amz-Expires=900" in url
    uploads.begin(ADA, MAX_BYTES)
    with pytest.raises(TooLarge):
        uploads.begin(ADA, MAX_BYTES + 1)


def test_nobody_takes_anothers(objects: FakeObjects, uploads: PictureUploads) -> None:
    upload_id = arrived(objects, uploads, b"x")
    for wrong in (f"../{ADA}/incoming/{upload_id}", "", "x", upload_id.upper()):
        with pytest.raises(InvalidInput):
            uploads.take(ADA, wrong)
    with pytest.raises(InvalidInput):
        uploads.take(BOB, upload_id)
    assert uploads.take(ADA, upload_id) == b"x"


def test_what_is_too_large_is_dropped_unread(objects: FakeObjects, uploads: PictureUploads) -> None:
    upload_id, _ = uploads.begin(ADA, 5)
    objects.put(incoming_key(ADA, upload_id), bytes(MAX_BYTES + 1))
    with pytest.raises(TooLarge):
        uploads.take(ADA, upload_id)
    assert objects.stored == {}


def test_two_at_once(objects: FakeObjects, uploads: PictureUploads, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = arrived(objects, uploads, b"x")
    look = objects.stat

    def late(key: str) -> object:
        found = look(key)
        objects.delete(key)
        return found

    monkeypatch.setattr(objects, "stat", late)
    with pytest.raises(InvalidInput):
        uploads.take(ADA, upload_id)
