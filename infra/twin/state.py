"""`<data>/twin.json`: how other programs find a running twin.

Plain JSON, so that a reader needs no code from here:

    {
      "version": 1,
      "pid": 4242,                                     absent when the twin was stopped
      "port": 8484,
      "base_url": "https://localhost:8484",
      "ca_path": "/home/me/song/.patchbay/ca.pem",
      "emulator_endpoint": "http://127.0.0.1:38121",   an AWS endpoint, for boto3's endpoint_url
      "region": "us-east-1",
      "stage": "twin",
      "outputs": {"HttpApiId": "...", ...},            the stacks' outputs, by output name
      "environment": {"PATCHBAY_TABLE_NAME": "..."}    settings for a program that runs beside the Lambdas
    }

The file is there only after the first start was ready. After a SIGKILL the pid stays: a reader checks that it lives.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.twin.folder import write_private

VERSION = 1


@dataclass(frozen=True)
class TwinState:
    """The document above."""

    port: int
    base_url: str
    ca_path: str
    emulator_endpoint: str
    outputs: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    region: str = "us-east-1"
    stage: str = "twin"
    pid: int | None = None
    version: int = VERSION


def write_state(path: Path, state: TwinState) -> None:
    """Tell other programs where the twin is."""
    write_private(path, json.dumps({k: v for k, v in asdict(state).items() if v is not None}, indent=2) + "\n")


def read_state(path: Path) -> dict[str, Any] | None:
    """The document as it stands; None when there is none of this version."""
    try:
        document = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("version") == VERSION else None


def clear_pid(path: Path) -> None:
    """Say that the twin is stopped."""
    document = read_state(path)
    if document and document.pop("pid", None) is not None:
        write_private(path, json.dumps(document, indent=2) + "\n")
