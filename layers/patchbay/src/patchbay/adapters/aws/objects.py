"""Objects in an S3 bucket."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients, links
from patchbay.catalog.front import UPLOAD_PARAMETER
from patchbay.domain.errors import InvalidInput, NotFound
from patchbay.ports import ObjectInfo, PresignedPost

_BLOCK_BYTES = 1024 * 1024
_COPIED_BYTES = 256 * 1024 * 1024
_ANY_KIND = "application/octet-stream"
_THERE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_PAST_END = {"InvalidRange", "416"}
_GONE = {"404", "NoSuchKey", "NotFound"}
_BAD_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "NoSuchUpload", "MalformedXML", "InvalidRequest"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects port."""

    name: str
    public_endpoint: str = ""
    """Endpoint that presigned URLs point to; empty for S3's own."""
    front: str = ""
    """What their paths are below, where something before S3 passes them on to the bucket's own host, unchanged."""
    lengthless: bool = False
    """Whether a service there takes what comes without a length, which S3 refuses."""

    def presign_put(self, key: str, *, expires_s: int, size_bytes: int | None = None) -> str:
        """See `Objects`. No content type is signed: clients of several dialects send none."""
        if self.lengthless and size_bytes is None:
            named = {UPLOAD_PARAMETER: self.start_multipart(key)}
            return links.shown(links.put(self.name, key, named, expires_s), self.front)
        params: dict[str, Any] = {"Bucket": self.name, "Key": key}
        if size_bytes is not None:
            params["ContentLength"] = size_bytes
        return self._presign("put_object", params, expires_s)

    def presign_post(self, key: str, *, expires_s: int, max_bytes: int) -> PresignedPost:
        """See `Objects`."""
        made = clients.signing_client(self.public_endpoint).generate_presigned_post(
            self.name, key, Conditions=[["content-length-range", 1, max_bytes]], ExpiresIn=expires_s
        )
        return PresignedPost(made["url"], made["fields"])

    def presign_get(self, key: str, *, expires_s: int, as_file: bool = False) -> str:
        """See `Objects`."""
        params = {"Bucket": self.name, "Key": key}
        if as_file:
            params |= {"ResponseContentType": "application/octet-stream", "ResponseContentDisposition": "attachment"}
        return self._presign("get_object", params, expires_s)

    def start_multipart(self, key: str) -> str:
        """See `Objects`."""
        with clients.errors("the object store"):
            return str(_s3().create_multipart_upload(Bucket=self.name, Key=key)["UploadId"])

    def presign_part(self, key: str, upload_id: str, number: int, *, expires_s: int) -> str:
        """See `Objects`."""
        params = {"Bucket": self.name, "Key": key, "UploadId": upload_id, "PartNumber": number}
        return self._presign("upload_part", params, expires_s)

    def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        """See `Objects`. No checksum of its own: the upload was begun without, and S3 wants both alike.

        The signature covers the bytes then (S3 API reference, "Authenticating Requests").
        """
        s3 = clients.client("s3", checksums="when_required")
        part = {"Bucket": self.name, "Key": key, "UploadId": upload_id, "PartNumber": number}
        try:
            with clients.errors("the object store"):
                return str(s3.upload_part(**part, Body=data)["ETag"])
        except ClientError as error:
            if clients.code_of(error) in _BAD_PARTS:
                raise InvalidInput("there is no such upload any more", field="upload_id") from error
            raise

    def complete_multipart(self, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        """See `Objects`."""
        parts = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]
        try:
            with clients.errors("the object store"):
                _s3().complete_multipart_upload(
                    Bucket=self.name, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
                )
        except ClientError as error:
            if clients.code_of(error) in _BAD_PARTS:
                raise InvalidInput("the parts do not fit together, or one is missing", field="etags") from error
            raise

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """See `Objects`."""
        try:
            with clients.errors("the object store"):
                _s3().abort_multipart_upload(Bucket=self.name, Key=key, UploadId=upload_id)
        except ClientError as error:
            if clients.code_of(error) != "NoSuchUpload":
                raise

    def key_of(self, url: str) -> str | None:
        """See `Objects`. Only the form of the address is looked at: whose key it is, the caller must check."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        path = unquote(parts.path).lstrip("/")
        if self.front and (below := links.below(url, self.front)) is not None:
            return below or None
        endpoint = urlsplit(self.public_endpoint or str(clients.signing_client("").meta.endpoint_url))
        if parts.scheme != endpoint.scheme:
            return None
        if parts.netloc == endpoint.netloc:
            bucket, _, key = path.partition("/")
            return key if bucket == self.name and key else None
        if not self.public_endpoint and (parts.hostname or "").startswith(f"{self.name}.s3."):
            return path or None
        return None

    def stat(self, key: str) -> ObjectInfo | None:
        """See `Objects`."""
        try:
            with clients.errors("the object store"):
                head = _s3().head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if clients.code_of(error) in _GONE:
                return None
            raise
        return ObjectInfo(head["ContentLength"], head.get("ContentType", ""), head["ETag"].strip('"'))

    def keys(self, prefix: str) -> list[str]:
        """See `Objects`."""
        found, query = list[str](), {"Bucket": self.name, "Prefix": prefix}
        while True:
            with clients.errors("the object store"):
                page = _s3().list_objects_v2(**query)
            found += [str(each["Key"]) for each in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                return found
            query["ContinuationToken"] = page["NextContinuationToken"]

    def download(self, key: str, path: Path) -> None:
        """See `Objects`."""
        try:
            with clients.errors("the object store"):
                _s3().download_file(self.name, key, str(path))
        except ClientError as error:
            raise _gone(error, key) from error

    def upload(self, path: Path, key: str, *, media_type: str) -> None:
        """See `Objects`."""
        with clients.errors("the object store"):
            _s3().upload_file(str(path), self.name, key, ExtraArgs={"ContentType": media_type})

    def store(self, key: str, data: bytes, *, media_type: str) -> None:
        """See `Objects`."""
        with clients.errors("the object store"):
            _s3().put_object(Bucket=self.name, Key=key, Body=data, ContentType=media_type)

    def copy(self, source: str, key: str) -> None:
        """See `Objects`. In parts where it is large, which one call does not copy."""
        try:
            with clients.errors("the object store"):
                _s3().copy({"Bucket": self.name, "Key": source}, self.name, key, Config=_copying())
        except ClientError as error:
            raise _gone(error, source) from error

    def copy_new(self, source: str, key: str) -> bool:
        """See `Objects`. One call copies up to 5 GB, as much as one upload has (S3 API reference, CopyObject).

        Looked before, because not every store of the kind knows the condition of a copy.
        """
        if self.stat(key) is not None:
            return False
        try:
            with clients.errors("the object store"):
                _s3().copy_object(
                    Bucket=self.name,
                    Key=key,
                    CopySource={"Bucket": self.name, "Key": source},
                    IfNoneMatch="*",
                    MetadataDirective="REPLACE",
                    ContentType=_ANY_KIND,
                )
        except ClientError as error:
            if clients.code_of(error) in _THERE:
                return False
            raise _gone(error, source) from error
        return True

    @contextmanager
    def read(self, key: str) -> Iterator[Iterator[bytes]]:
        """See `Objects`."""
        try:
            with clients.errors("the object store"):
                body = _s3().get_object(Bucket=self.name, Key=key)["Body"]
        except ClientError as error:
            raise _gone(error, key) from error
        with body:
            yield body.iter_chunks(_BLOCK_BYTES)

    def read_range(self, key: str, start: int, count: int) -> bytes:
        """See `Objects`."""
        try:
            with clients.errors("the object store"):
                found = _s3().get_object(Bucket=self.name, Key=key, Range=f"bytes={start}-{start + count - 1}")
                return bytes(found["Body"].read())
        except ClientError as error:
            if clients.code_of(error) in _PAST_END:
                return b""
            raise _gone(error, key) from error

    def delete(self, key: str) -> None:
        """See `Objects`."""
        with clients.errors("the object store"):
            _s3().delete_object(Bucket=self.name, Key=key)

    def _presign(self, operation: str, params: dict[str, Any], expires_s: int) -> str:
        signer = clients.signing_client(self.public_endpoint)
        url = str(signer.generate_presigned_url(operation, Params=params, ExpiresIn=expires_s))
        return links.shown(url, self.front) if self.front else url


def _s3() -> Any:
    return clients.client("s3")


def _copying() -> Any:
    """How large objects are copied: a part is done well within a call's time."""
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(multipart_threshold=_COPIED_BYTES, multipart_chunksize=_COPIED_BYTES)


def _gone(error: ClientError, key: str) -> Exception:
    return NotFound(f"there is no object {key}") if clients.code_of(error) in _GONE else error
