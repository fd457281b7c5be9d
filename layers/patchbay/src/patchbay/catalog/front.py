"""What a stage's one address has beside the paths of dialects, pages and sockets."""

from typing import Final

OBJECTS: Final = "/objects"
"""Links to objects lead below this, where they do not lead to the store's own address."""
SERVICE: Final = "/ingest"
"""What the service for large bodies has of its own is below this."""
READY: Final = f"{SERVICE}/ready"
"""Whether it takes requests."""
PUTS: Final = f"{SERVICE}/objects"
"""Where it takes objects that come without a length, which the store refuses."""
UPLOAD_PARAMETER: Final = "x-patchbay-upload"
"""In a link to put an object: the upload in parts that takes it if it comes so. A store leaves parameters that begin
with `x-` alone (S3 User Guide, "Logging requests using server access logging", on custom access log information).
"""
