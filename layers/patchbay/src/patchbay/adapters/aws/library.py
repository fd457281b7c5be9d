"""A folder of a bucket that is not ours alone: read, and linked to."""

from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients
from patchbay.domain.errors import Unavailable


class BucketFolder:
    """The folder port, of an `s3://bucket/prefix` location."""

    def __init__(self, location: str, endpoint_url: str = "") -> None:
        parts = urlsplit(location)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._endpoint_url = endpoint_url

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """See `Folder`."""
        try:
            with clients.errors("the folder"):
                answer = clients.client("s3").get_object(Bucket=self._bucket, Key=self._key(name))
                data: bytes = answer["Body"].read(max_bytes + 1)
        except ClientError as error:
            raise Unavailable(f"{name} cannot be read: {clients.code_of(error)}") from None
        if len(data) > max_bytes:
            raise Unavailable(f"{name} has more than {max_bytes} bytes")
        return data

    def link(self, name: str, *, expires_s: int) -> str:
        """See `Folder`."""
        target = {"Bucket": self._bucket, "Key": self._key(name)}
        signing = clients.signing_client(self._endpoint_url)
        url: str = signing.generate_presigned_url("get_object", Params=target, ExpiresIn=expires_s)
        return url

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name
