"""Where the twin keeps what it must find again: one folder, private to its owner."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class AlreadyRunning(Exception):
    """Another twin, or another deployment, holds this data folder."""


@dataclass(frozen=True)
class DataFolder:
    """The paths of one twin."""

    root: Path

    @property
    def state(self) -> Path:
        """What other programs read: see `state.py`."""
        return self.root / "twin.json"

    @property
    def ca(self) -> Path:
        """The certificate that clients trust."""
        return self.root / "ca.pem"

    @property
    def logs(self) -> Path:
        """Output of the emulator, the deployment, the workers, and the twin itself."""
        return self.root / "logs"

    @property
    def emulator(self) -> Path:
        """The emulator's saved state."""
        return self.root / "emulator"

    @property
    def temporary(self) -> Path:
        """Unpacked Lambda code and spooled uploads: emptied at each start."""
        return self.root / "tmp"

    @property
    def assembly(self) -> Path:
        """The synthesised templates."""
        return self.root / "cdk.out"

    @property
    def outputs(self) -> Path:
        """The stacks' outputs as the deployment wrote them."""
        return self.root / "outputs.json"

    @property
    def deployed(self) -> Path:
        """The fingerprint of what is deployed."""
        return self.root / "deployed.json"

    def create(self) -> None:
        """Make what is missing, for the owner only."""
        for path in (self.root, self.logs, self.emulator, self.temporary):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def lock(self) -> int:
        """Hold the folder until this process ends; the kernel frees it however that happens."""
        return self._lock("twin.lock")

    @contextmanager
    def deploying(self) -> Iterator[None]:
        """Hold what deployments write: templates, outputs, what was deployed last. Raises `AlreadyRunning`."""
        descriptor = self._lock("deploy.lock")
        try:
            yield
        finally:
            os.close(descriptor)

    def _lock(self, name: str) -> int:
        descriptor = os.open(self.root / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise AlreadyRunning(str(self.root)) from error
        return descriptor

    def secret(self) -> str:
        """The key that signs object links. Random, so that nobody else on this machine can make one."""
        path = self.root / "secret"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text().strip()


def write_private(path: Path, content: str | bytes) -> None:
    """Replace a file at once, readable by its owner only."""
    data = content.encode() if isinstance(content, str) else content
    partial = path.with_name(path.name + ".tmp")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
