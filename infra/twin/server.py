"""The listening side of the front door: TLS on the loopback addresses."""

import asyncio
import contextlib
import errno
import importlib.util
import socket
from collections.abc import Iterator

import uvicorn

from infra.twin.certs import Certificates
from infra.twin.front_door import FrontDoor
from infra.twin.sockets import LARGEST_MESSAGE


class PortTaken(Exception):
    """Another program listens there."""


def bind(port: int) -> list[socket.socket]:
    """127.0.0.1 always, ::1 where the machine has it: `localhost` is either, depending on the client."""
    sockets = [_bind(socket.AF_INET, "127.0.0.1", port)]
    if socket.has_ipv6:
        with contextlib.suppress(OSError):
            sockets.append(_bind(socket.AF_INET6, "::1", port))
    return sockets


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    # The protocol is named, or asyncio would not switch off the delay of small packets (40 ms an answer).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} is used by another program. Choose another one with --port.") from error
        if error.errno == errno.EACCES:
            raise PortTaken(f"Port {port} may not be used by this user. Choose one above 1023 with --port.") from error
        raise
    return listener


def free_port(preferred: int | None = None) -> int:
    """A free loopback port, the preferred one if it is free (addresses that were stored stay true)."""
    for candidate in ([preferred] if preferred else []) + [0]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", candidate))
            return int(probe.getsockname()[1])
    raise PortTaken("this machine has no free port on 127.0.0.1")


class Server(uvicorn.Server):
    """Leaves the signals to the launcher, which has more to stop than this."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield

    async def serving(self) -> None:
        """Return once requests are taken."""
        while not self.started:  # noqa: ASYNC110 - uvicorn has a flag and no event for it
            await asyncio.sleep(0.01)


def make_server(front_door: FrontDoor, certificates: Certificates) -> Server:
    """A server that is ready to `serve`."""
    config = uvicorn.Config(
        front_door,
        ssl_certfile=certificates.chain,
        ssl_keyfile=certificates.key,
        # The fast parser where it is installed; both keep the raw path.
        http="httptools" if importlib.util.find_spec("httptools") else "h11",
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
    )
    return Server(config)
