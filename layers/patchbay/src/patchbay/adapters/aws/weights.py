"""Model weights from a bucket."""

from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from patchbay.adapters.aws import clients


def download(location: str, name: str, path: Path) -> None:
    """Copy the file `name` (relative) of an `s3://bucket/prefix` location to `path`.

    Raises FileNotFoundError if it is not there, else what boto3 raises.
    """
    parts = urlsplit(location)
    key = "/".join(part for part in (parts.path.strip("/"), name) if part)
    try:
        clients.client("s3").download_file(parts.netloc, key, str(path))
    except ClientError as error:
        if clients.code_of(error) in {"404", "NoSuchKey"}:
            raise FileNotFoundError(f"there is no {name} at {location}") from None
        raise
