"""What differs between the places where a worker runs: its name there, and where a fatal error is told."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

SAGEMAKER_MESSAGE = Path("/opt/ml/output/message")
_SAGEMAKER_CONFIG = Path("/opt/ml/config/processingjobconfig.json")
_MESSAGE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Shell:
    """One place to run."""

    name: str
    host: str
    """What the place calls this worker."""
    message_file: Path | None = None
    """Where the place looks for the reason of a failure."""

    def worker_id(self) -> str:
        """A name that no other worker has or will have."""
        return f"{self.name}/{self.host}/{os.getpid()}-{uuid4().hex[:8]}"

    def tell(self, reason: str) -> None:
        """Leave the reason of a failure where the place shows it."""
        if self.message_file is not None and self.message_file.parent.is_dir():
            # SageMaker makes the folder for root, whom the image does not run as.
            with suppress(PermissionError):
                self.message_file.write_bytes(reason.encode()[:_MESSAGE_BYTES])


def find(name: str, env: Mapping[str, str]) -> Shell:
    """The shell of that name; `auto` is the one that the surroundings show."""
    if name == "auto":
        name = "batch" if "AWS_BATCH_JOB_ID" in env else "sagemaker" if _SAGEMAKER_CONFIG.exists() else "local"
    if name == "batch":
        return Shell(name, env.get("AWS_BATCH_JOB_ID", "job"))
    if name == "sagemaker":
        return Shell(name, socket.gethostname(), SAGEMAKER_MESSAGE)
    return Shell(name, socket.gethostname())


SHELLS = ("auto", "local", "batch", "sagemaker")
