"""CloudFront's functions, run by Node."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.constructs import edge_code

VIEWER = "192.0.2.7"
REQUEST_ID = "the-request"
_IMPORT = "import cf from 'cloudfront';\n"
_AROUND = """
const cf = { selectRequestOriginById(id) { chosen = id; } };
let chosen = '';
%s
console.log(JSON.stringify(%s.map(function (event) {
  chosen = '';
  const answer = handler(event);
  return { answer: answer, chosen: chosen };
})));
"""


def request(
    uri: str, method: str = "GET", *, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """An event of the kind "viewer request" (CloudFront Developer Guide, "CloudFront Functions event structure")."""
    return {
        "context": {"requestId": REQUEST_ID},
        "viewer": {"ip": VIEWER},
        "request": {
            "method": method,
            "uri": uri,
            "querystring": {name: {"value": value} for name, value in (query or {}).items()},
            "headers": {name: {"value": value} for name, value in (headers or {}).items()},
            "cookies": {"__Host-patchbay": {"value": "secret"}},
        },
    }


def run(function: str, events: Sequence[Mapping[str, Any]], service: str = "") -> list[dict[str, Any]]:
    """What a function makes of each event: `answer`, and `chosen`, the origin if it chose one."""
    code = edge_code.code(function, service)
    assert code.startswith(_IMPORT) == bool(service and function in {"door", "object"})
    beside = Path(sys.executable).with_name("node")
    command = [str(beside) if beside.exists() else "node", "-"]
    script = _AROUND % (code.removeprefix(_IMPORT), json.dumps(list(events)))
    done = subprocess.run(command, input=script.encode(), capture_output=True, check=True, timeout=60)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
