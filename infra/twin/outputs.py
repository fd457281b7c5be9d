"""The stacks' outputs by name, wherever in which stack they stand."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

# CDK puts the construct path before an output's name and eight hexadecimal digits behind it.
_DECORATED = r".*{name}[0-9A-F]{{8}}"


def read_outputs(path: Path) -> dict[str, str]:
    """Every output of every stack by its name; none before the first deployment."""
    try:
        stacks = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    # What stacks export to each other is nobody else's business.
    named = ((name, value) for stack in stacks.values() for name, value in stack.items())
    return {name: str(value) for name, value in named if not name.startswith("ExportsOutput")}


def find_output(outputs: Mapping[str, str], name: str) -> str | None:
    """An output by the name that its stack gave it."""
    if name in outputs:
        return outputs[name]
    pattern = re.compile(_DECORATED.format(name=re.escape(name)))
    return next((value for key, value in outputs.items() if pattern.fullmatch(key)), None)


def api_id(outputs: Mapping[str, str]) -> str | None:
    """The HTTP API's id, stated as such or as the first label of its address."""
    stated = find_output(outputs, "HttpApiId")
    if stated:
        return stated
    for name in ("HttpApiUrl", "ApiEndpoint", "HttpApiEndpoint"):
        address = find_output(outputs, name)
        match = re.match(r"https?://([a-z0-9]+)\.execute-api\.", address or "")
        if match:
            return match[1]
    return None
