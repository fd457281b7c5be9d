"""The code of CloudFront's functions: what stands in `at_the_edge`, after what it must know of a stage.

One behaviour has all of the API and a function chooses the origin, because CloudFront chooses by paths alone: GETs of
a path, and small files, then go on being answered by Lambdas, which need no service to be awake.
"""

import json
from pathlib import Path
from typing import Any

from patchbay.catalog.dialects import DIALECTS, download_paths, ingest_paths
from patchbay.catalog.front import OBJECTS, PUTS, UPLOAD_PARAMETER
from patchbay.settings import Settings

LARGEST_CODE_BYTES = 10 * 1024
"""CloudFront Developer Guide, "Quotas on CloudFront Functions"."""
LAMBDA_FORM_BYTES = 4_400_000
"""A Lambda is called with 6 MB at most, and forms are in Base64 there (Lambda quotas)."""
LAMBDA_JSON_BYTES = 6_000_000
"""The same of texts, which come as they are."""
FORM_REST_BYTES = 4 * 1024**2
"""What a form may have beside its files; the service itself is stricter."""
FILES_OF_A_FORM = 16
"""The most files that a form of any dialect has."""
_AT_THE_EDGE = Path(__file__).parents[1] / "stacks" / "at_the_edge"
_CHOOSING = frozenset({"door", "object"})


def code(function: str, service: str = "") -> str:
    """The code of a function; `service`: id of the origin that takes large bodies, empty where there is none."""
    source = (_AT_THE_EDGE / f"{function}.js").read_text()
    if function not in _CHOOSING:
        return source
    begin = "import cf from 'cloudfront';\n" if service else ""
    return f"{begin}var PLAN = {json.dumps(_plan(function, service), separators=(',', ':'))};\n{source}"


def _plan(function: str, service: str) -> dict[str, Any]:
    if function == "object":
        return {"service": service, "below": OBJECTS, "upload": UPLOAD_PARAMETER, "puts": PUTS}
    largest = Settings.model_fields["max_upload_bytes"].default
    return {
        "service": service,
        "files": sorted(ingest_paths()),
        "answers": sorted(download_paths()),
        "form": LAMBDA_FORM_BYTES,
        "json": LAMBDA_JSON_BYTES,
        "most": FILES_OF_A_FORM * largest + FORM_REST_BYTES,
        "prefixes": [[path, entry.name] for entry in DIALECTS for path in entry.paths],
        "ways": {entry.name: entry.large for entry in DIALECTS if entry.large},
    }
