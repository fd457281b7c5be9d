import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.adapters.aws.objects import Bucket
from patchbay.domain.errors import InvalidInput, NotFound

KEY = "uploads/tenant/asset"


@pytest.fixture
def bucket(boto: Any) -> Bucket:
    boto("s3").create_bucket(Bucket="media")
    return Bucket("media", "https://localhost:8484")


def test_upload_stat_read_download_delete(bucket: Bucket, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"0123456789" * 300_000)
    bucket.upload(source, KEY, media_type="audio/wav")
    info = bucket.stat(KEY)
    assert info is not None
    assert (info.size_bytes, info.media_type) == (3_000_000, "audio/wav")
    bucket.download(KEY, target)
    assert target.read_bytes() == source.read_bytes()
    with bucket.read(KEY) as blocks:
        assert b"".join(blocks) == source.read_bytes()
    bucket.delete(KEY)
    bucket.delete(KEY)
    assert bucket.stat(KEY) is None


def test_a_copy_is_made_where_there_is_nothing_and_of_no_kind(bucket: Bucket) -> None:
    sent = "incoming/audio/tenant/asset"
    bucket.store(sent, b"first", media_type="text/html")
    assert bucket.copy_new(sent, KEY)
    bucket.store(sent, b"second", media_type="text/html")
    assert not bucket.copy_new(sent, KEY)
    with bucket.read(KEY) as blocks:
        assert b"".join(blocks) == b"first"
    info = bucket.stat(KEY)
    assert info is not None
    assert info.media_type == "application/octet-stream"
    bucket.delete(sent)
    with pytest.raises(NotFound):
        bucket.copy_new(sent, "uploads/tenant/other")


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_of_two_copies_at_once_the_store_makes_one(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The condition goes with the copy; the store that tests have does not look at it."""
    given = {}

    def refuse(**told: Any) -> None:
        given.update(told)
        raise ClientError({"Error": {"Code": code}}, "CopyObject")

    monkeypatch.setattr(clients.client("s3"), "copy_object", refuse)
    assert not bucket.copy_new("incoming/audio/tenant/asset", KEY)
    assert given["IfNoneMatch"] == "*"


def test_what_is_not_there_is_not_found(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        bucket.download(KEY, tmp_path / "x")
    with pytest.raises(NotFound), bucket.read(KEY):
        pass


def test_presigned_urls_point_to_the_public_endpoint_and_expire(bucket: Bucket) -> None:
    for url in (bucket.presign_put(KEY, expires_s=900), bucket.presign_get(KEY, expires_s=900)):
        parts = urlsplit(url)
        assert (parts.scheme, parts.netloc, parts.path) == ("https", "localhost:8484", f"/media/{KEY}")
        query = parse_qs(parts.query)
        assert query["X-Amz-Expires"] == ["900"]
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert query["X-Amz-SignedHeaders"] == ["host"]


def test_what_a_stranger_uploaded_is_given_as_a_file(bucket: Bucket) -> None:
    query = parse_qs(urlsplit(bucket.presign_get(KEY, expires_s=9, as_file=True)).query)
    assert query["response-content-type"] == ["application/octet-stream"]
    assert query["response-content-disposition"] == ["attachment"]


def test_a_size_is_signed(bucket: Bucket) -> None:
    query = parse_qs(urlsplit(bucket.presign_put(KEY, expires_s=9, size_bytes=77)).query)
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]


def test_a_form_is_bound_to_key_size_and_time(bucket: Bucket) -> None:
    form = bucket.presign_post(KEY, expires_s=900, max_bytes=1000)
    assert form.url == "https://localhost:8484/media"
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    assert ["content-length-range", 1, 1000] in policy["conditions"]
    assert {"key": KEY} in policy["conditions"]
    assert {"bucket": "media"} in policy["conditions"]


def test_key_of_knows_its_own_urls_only(bucket: Bucket) -> None:
    assert bucket.key_of(bucket.presign_get(KEY, expires_s=9)) == KEY
    assert bucket.key_of("https://localhost:8484/media/a%20b?x=1") == "a b"
    for other in (
        "http://localhost:8484/media/a",
        "https://localhost:8485/media/a",
        "https://localhost:8484/other/a",
        "https://localhost:8484/media/",
        "https://example.com/media/a",
        "https://localhost:8484.example.com/media/a",
        "http://[x",
        "https://a\u2100/media/a",
    ):
        assert bucket.key_of(other) is None


def test_key_of_without_an_endpoint_of_our_own() -> None:
    bucket = Bucket("media")
    assert bucket.key_of(bucket.presign_get(KEY, expires_s=9)) == KEY
    assert bucket.key_of("https://media.s3.eu-west-1.amazonaws.com/a/b") == "a/b"
    assert bucket.key_of("https://other.s3.amazonaws.com/a") is None


def test_parts(bucket: Bucket, boto: Any) -> None:
    upload_id = bucket.start_multipart(KEY)
    query = parse_qs(urlsplit(bucket.presign_part(KEY, upload_id, 2, expires_s=9)).query)
    assert query["partNumber"] == ["2"]
    first, last = b"a" * 5 * 1024**2, b"b" * 10
    etags = {
        number: boto("s3").upload_part(Bucket="media", Key=KEY, UploadId=upload_id, PartNumber=number, Body=body)[
            "ETag"
        ]
        for number, body in ((1, first), (2, last))
    }
    with pytest.raises(InvalidInput):
        bucket.complete_multipart(KEY, upload_id, {1: etags[1], 2: '"0"'})
    bucket.complete_multipart(KEY, upload_id, {2: etags[2], 1: etags[1]})
    info = bucket.stat(KEY)
    assert info is not None
    assert info.size_bytes == len(first) + len(last)


def test_parts_from_here(bucket: Bucket) -> None:
    upload_id = bucket.start_multipart(KEY)
    first, last = b"a" * 5 * 1024**2, b"b" * 10
    etags = {n: bucket.put_part(KEY, upload_id, n, data) for n, data in ((1, first), (2, last))}
    bucket.complete_multipart(KEY, upload_id, etags)
    with bucket.read(KEY) as blocks:
        assert b"".join(blocks) == first + last


def test_a_part_carries_no_checksum_that_its_upload_does_not_know(bucket: Bucket) -> None:
    sent = []
    upload_id = bucket.start_multipart(KEY)
    part_client = clients.client("s3", checksums="when_required")
    part_client.meta.events.register("before-send.s3", lambda request, **_: sent.append(dict(request.headers)))
    bucket.put_part(KEY, upload_id, 1, b"x")
    [headers] = sent
    assert not [name for name in headers if "checksum" in name.lower()]
    assert headers["X-Amz-Content-SHA256"] == hashlib.sha256(b"x").hexdigest().encode()


def test_an_upload_that_was_dropped(bucket: Bucket, boto: Any) -> None:
    upload_id = bucket.start_multipart(KEY)
    bucket.put_part(KEY, upload_id, 1, b"x")
    bucket.abort_multipart(KEY, upload_id)
    bucket.abort_multipart(KEY, upload_id)
    assert "Uploads" not in boto("s3").list_multipart_uploads(Bucket="media")
    assert bucket.stat(KEY) is None


def test_a_part_of_an_upload_that_is_gone(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**part: object) -> None:
        raise ClientError({"Error": {"Code": "NoSuchUpload"}}, "UploadPart")

    monkeypatch.setattr(clients.client("s3", checksums="when_required"), "upload_part", gone)
    with pytest.raises(InvalidInput):
        bucket.put_part(KEY, "gone", 2, b"x")


def test_a_part_of_an_object_is_read(bucket: Bucket) -> None:
    bucket.store(KEY, b"0123456789", media_type="video/mp4")
    assert bucket.read_range(KEY, 2, 3) == b"234"
    assert bucket.read_range(KEY, 8, 100) == b"89"
    assert bucket.read_range(KEY, 10, 5) == b""
    with pytest.raises(NotFound):
        bucket.read_range("videos/tenant/none", 0, 5)


def test_bytes_at_hand_are_stored(bucket: Bucket) -> None:
    bucket.store(KEY, b"0123", media_type="audio/wav")
    info = bucket.stat(KEY)
    assert info is not None
    assert (info.size_bytes, info.media_type) == (4, "audio/wav")


@pytest.mark.parametrize("large", [False, True])
def test_an_object_is_made_of_another_by_the_store_itself(
    bucket: Bucket, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr("patchbay.adapters.aws.objects._COPIED_BYTES", 5 * 1024**2)
    data = b"0123456789" * (600_000 if large else 1)
    bucket.store(KEY, data, media_type="audio/wav")
    for _ in range(2):
        bucket.copy(KEY, "uploads/t/copy")
    bucket.delete(KEY)
    with bucket.read("uploads/t/copy") as blocks:
        assert b"".join(blocks) == data


def test_keys_come_page_by_page(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = clients.client("s3")
    names = [f"videos/t/v/{number}" for number in range(5)]
    for key in (*names, "videos/t/w/0", "videos/t/v"):
        bucket.store(key, b"x", media_type="a/b")
    pages, whole = list[int](), s3.list_objects_v2

    def in_pages(**query: Any) -> Any:
        answer = whole(MaxKeys=2, **query)
        pages.append(len(answer["Contents"]))
        return answer

    monkeypatch.setattr(s3, "list_objects_v2", in_pages)
    assert bucket.keys("videos/t/v/") == names
    assert pages == [2, 2, 1]
    monkeypatch.undo()
    assert bucket.keys("videos/t/x/") == []


def test_nothing_cannot_be_copied(bucket: Bucket) -> None:
    with pytest.raises(NotFound):
        bucket.copy("results/t/gone", "uploads/t/copy")
    assert bucket.stat("uploads/t/copy") is None
