"""The sample events under `events/`."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).resolve().parents[2] / "events"


def sample(name: str) -> dict[str, Any]:
    """The event of `events/<name>.json`."""
    told: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return told
