"""The child of `decode_batch`: one request from stdin, one file after the other, one report to stdout."""

import json
import sys
from typing import Any

from gpu_workers.audio.decode_child import Unusable, answer, decode_to, limit_self


def decode_all(request: dict[str, Any]) -> dict[str, Any]:
    """The reports of all files up to the first that is at fault, and its fault."""
    files: list[dict[str, int]] = []
    for source, target in request["files"]:
        one = request | {"source": source, "target": target, "channels": None, "allowed_rates_hz": []}
        try:
            files.append(decode_to(one))
        except Unusable as error:
            return {"files": files, "fault": str(error)}
    return {"files": files, "fault": None}


def main() -> int:
    """Entry point."""
    request = json.load(sys.stdin)
    limits = request["limits"]
    limit_self(limits, int(limits["duration_s"] * request["sample_rate_hz"] * 2 * 4) + 65536)
    return answer(lambda: decode_all(request))


if __name__ == "__main__":
    sys.exit(main())
