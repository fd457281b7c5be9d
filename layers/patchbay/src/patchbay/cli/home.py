"""The folder of the local twin, as commands see it: where it serves, whom to trust, with which key."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patchbay.cli.failures import CommandFailed

STATE_VERSION = 1
KEY_FILE = "api-key"


@dataclass(frozen=True, slots=True)
class Twin:
    """A twin that has been started at least once."""

    folder: Path
    base_url: str
    ca: Path
    pid: int | None
    emulator_endpoint: str
    region: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.pid is not None and _lives(self.pid)

    @property
    def key_file(self) -> Path:
        """Where the twin's own API key is kept."""
        return self.folder / KEY_FILE

    def require_running(self) -> "Twin":
        """Itself. Raises `CommandFailed` where it is not up."""
        if not self.running:
            raise CommandFailed(f"the local twin is not running; start it with: patchbay up --data {self.folder}")
        return self

    def environment(self) -> dict[str, str]:
        """What a program that runs beside the twin's Lambdas finds them by, as environment variables."""
        secret = (self.folder / "secret").read_text(encoding="utf-8").strip()
        return {
            **self.settings,
            "AWS_ENDPOINT_URL": self.emulator_endpoint,
            "AWS_ACCESS_KEY_ID": "000000000000",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }


def find(folder: Path) -> Twin | None:
    """The twin of a data folder, or None where none has ever been ready."""
    try:
        state: dict[str, Any] = json.loads((folder / "twin.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot read {folder / 'twin.json'}: {error}") from None
    if state.get("version") != STATE_VERSION:
        raise CommandFailed(f"{folder} belongs to another version of Patchbay; start the twin with: patchbay up")
    return Twin(
        folder=folder,
        base_url=state["base_url"],
        ca=Path(state["ca_path"]),
        pid=state.get("pid"),
        emulator_endpoint=state["emulator_endpoint"],
        region=state.get("region", "us-east-1"),
        settings=state.get("environment", {}),
    )


def require(folder: Path) -> Twin:
    """The running twin of a data folder. Raises `CommandFailed`."""
    twin = find(folder)
    if twin is None:
        raise CommandFailed(f"there is no local twin in {folder}; start one with: patchbay up --data {folder}")
    return twin.require_running()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
