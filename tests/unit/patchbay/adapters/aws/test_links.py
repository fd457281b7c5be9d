"""Links to objects that lead through the one address: signed for the bucket's own host."""

from datetime import datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
import requests
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from patchbay.adapters.aws import links
from patchbay.adapters.aws.objects import Bucket
from patchbay.bootstrap import Services
from patchbay.catalog.front import UPLOAD_PARAMETER
from patchbay.settings import from_env

FRONT = "https://music.example.org/objects"
KEY = "incoming/audio/tenant/asset"
HOST = "media.s3.us-east-1.amazonaws.com"


@pytest.fixture
def bucket(boto: Any) -> Bucket:
    boto("s3").create_bucket(Bucket="media")
    return Bucket("media", front=FRONT)


def signed_for_the_bucket(url: str, method: str) -> bool:
    """Whether S3 would find the signature good, after the front has passed the request on to the bucket's host."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    told = query.pop("X-Amz-Signature")
    plain = {name: value for name, value in query.items() if not name.startswith("X-Amz-")}
    path = parts.path.removeprefix("/objects")
    request = AWSRequest(method=method, url=f"https://{HOST}{path}", params=plain)
    credentials = Session().get_credentials()
    assert credentials is not None
    signer = S3SigV4QueryAuth(credentials.get_frozen_credentials(), "s3", "us-east-1", int(query["X-Amz-Expires"]))
    with patch("botocore.auth.get_current_datetime", return_value=_date(query["X-Amz-Date"])):
        signer.add_auth(request)
    return parse_qs(urlsplit(str(request.url)).query)["X-Amz-Signature"] == [told]


def _date(text: str) -> Any:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - as botocore has it


def test_links_lead_through_the_front_and_are_signed_for_the_bucket(bucket: Bucket) -> None:
    gets = [bucket.presign_get(KEY, expires_s=60), bucket.presign_get(KEY, expires_s=60, as_file=True)]
    for url in gets:
        assert url.startswith(f"{FRONT}/{KEY}?")
        assert signed_for_the_bucket(url, "GET")
    put = bucket.presign_put(KEY, expires_s=60)
    assert put.startswith(f"{FRONT}/{KEY}?")
    assert signed_for_the_bucket(put, "PUT")
    assert not signed_for_the_bucket(put, "GET")
    part = bucket.presign_part(KEY, bucket.start_multipart(KEY), 1, expires_s=60)
    assert part.startswith(f"{FRONT}/{KEY}?")


def test_a_form_goes_to_the_store_itself(bucket: Bucket) -> None:
    assert urlsplit(bucket.presign_post(KEY, expires_s=60, max_bytes=5).url).netloc == HOST


def test_a_link_to_put_names_an_upload_where_a_service_takes_what_has_no_length(boto: Any) -> None:
    boto("s3").create_bucket(Bucket="media")
    bucket = Bucket("media", front=FRONT, lengthless=True)
    url = bucket.presign_put(KEY, expires_s=60)
    (upload,) = parse_qs(urlsplit(url).query)[UPLOAD_PARAMETER]
    assert signed_for_the_bucket(url, "PUT")
    etag = bucket.put_part(KEY, upload, 1, b"bytes")
    bucket.complete_multipart(KEY, upload, {1: etag})
    assert bucket.read_range(KEY, 0, 10) == b"bytes"
    exact = bucket.presign_put(KEY, expires_s=60, size_bytes=5)
    assert UPLOAD_PARAMETER not in exact, "its length is signed, so it has one"


def test_a_link_to_put_takes_bytes_that_have_a_length_too(boto: Any) -> None:
    """The store leaves our parameter alone."""
    boto("s3").create_bucket(Bucket="media")
    bucket = Bucket("media", front=FRONT, lengthless=True)
    url = bucket.presign_put(KEY, expires_s=60).replace(FRONT, f"https://{HOST}")
    assert requests.put(url, data=b"bytes", timeout=10).status_code == 200
    assert bucket.read_range(KEY, 0, 10) == b"bytes"


def test_keys_are_known_by_links_of_both_kinds(bucket: Bucket) -> None:
    key = "uploads/tenant/a b+c%"
    assert bucket.key_of(bucket.presign_get(key, expires_s=60)) == key
    assert bucket.key_of(Bucket("media").presign_get(key, expires_s=60)) == key, "links of before still are ours"
    for other in ("https://music.example.org/studio/x", "http://music.example.org/objects/x", f"{FRONT}/", FRONT):
        assert bucket.key_of(other) is None
    assert Bucket("media").key_of(f"{FRONT}/{key}") is None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_path_and_query_stay_as_they_were_signed(key: str) -> None:
    url = f"https://{HOST}/{quote(key, safe='/~')}?X-Amz-Signature=a%2Fb&x=%20"
    shown = links.shown(url, FRONT)
    assert shown.removeprefix(FRONT) == url.removeprefix(f"https://{HOST}")
    assert links.below(shown, FRONT) == key
    assert httpx.URL(shown).host == "music.example.org"


def test_a_stage_whose_front_has_objects_makes_such_links() -> None:
    told = {"PATCHBAY_MEDIA_BUCKET": "media", "PATCHBAY_PUBLIC_URL": "https://music.example.org"}
    assert Services(from_env(told)).objects == Bucket("media")
    told["PATCHBAY_FRONT_OBJECTS"] = "true"
    assert Services(from_env(told)).objects == Bucket("media", front=FRONT)
    told["PATCHBAY_INGEST_MAX"] = "2"
    assert Services(from_env(told)).objects == Bucket("media", front=FRONT, lengthless=True)
