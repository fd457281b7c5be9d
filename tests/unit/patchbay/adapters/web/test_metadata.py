"""No way that calls what users gave leads to the addresses at which clouds hand out credentials."""

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from patchbay.adapters.aws.egress import FarWeb, serve
from patchbay.adapters.web.client import SafeWeb
from patchbay.bootstrap import Services
from patchbay.core.receivers import attempt
from patchbay.domain.assets import AssetState
from patchbay.domain.errors import FetchRefused, InvalidInput
from patchbay.domain.webhooks import SigningSecret, new_signing_secret
from patchbay.ports import Web
from tests.fakes.clock import FakeClock
from tests.fakes.objects import BASE, FakeObjects
from tests.fakes.world import Tenant, World

STRICT = SafeWeb()
METADATA = (
    "169.254.169.254",  # EC2: the machine's role
    "169.254.170.2",  # ECS: the task's role
    "169.254.170.23",  # EKS: the pod's role
    "fd00:ec2::254",
    "fd00:ec2::23",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",  # by way of NAT64
    "2002:a9fe:a9fe::1",  # by way of 6to4
    "127.0.0.1",  # where Lambda's runtime API listens
    "192.0.0.192",
    "100.100.100.200",
)
SPELLINGS = (
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://169.254.170.2/v2/credentials/x",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://instance-data.ec2.internal/",
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
)


class StrictButStored(SafeWeb):
    """The strict client, and the object store, which is no user's address, behind its links."""

    def fetch(self, url: str, path: Path, *, max_bytes: int) -> None:
        if url.startswith(BASE):
            path.write_bytes(b"x")
        else:
            STRICT.fetch(url, path, max_bytes=max_bytes)


def far(tmp_path: Path) -> Web:
    """The web as it is in the cloud: another Lambda's, asked by JSON, with the strict client there too."""

    def call(order: Mapping[str, Any]) -> Mapping[str, Any]:
        told = serve(json.loads(json.dumps(order)), StrictButStored(), tmp_path / "far")
        return {**json.loads(json.dumps(told))}

    return FarWeb(call, STRICT, FakeObjects())


@pytest.fixture(params=["near", "far"])
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Web:
    return STRICT if request.param == "near" else far(tmp_path)


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every name resolves to; whoever connects anywhere fails the test."""
    addresses: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(0, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    def connected(*told: Any, **_: Any) -> Any:
        pytest.fail(f"connected to {told}")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", connected)
    return addresses


def ways(web: Web, path: Path) -> list[Callable[[str], object]]:
    return [
        lambda url: web.fetch(url, path / "file", max_bytes=10**6),
        lambda url: web.put(url, [b"x"], size_bytes=1, media_type="audio/wav"),
        lambda url: web.post(url, b"{}", {}, timeout_s=5.0),
    ]


@pytest.mark.parametrize("address", METADATA)
def test_no_name_leads_there(web: Web, resolved: list[str], tmp_path: Path, address: str) -> None:
    for addresses in ([address], ["93.184.216.34", address]):
        resolved[:] = addresses
        for way in ways(web, tmp_path):
            with pytest.raises(FetchRefused, match="not public"):
                way("https://innocent.example/song.mp3")


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_leads_there(web: Web, resolved: list[str], tmp_path: Path, url: str) -> None:
    resolved[:] = ["169.254.169.254"]
    for way in ways(web, tmp_path):
        with pytest.raises(FetchRefused):
            way(url)


@pytest.mark.parametrize("address", METADATA[:3])
def test_an_import_ends_rejected(
    world: World, ada: Tenant, resolved: list[str], monkeypatch: pytest.MonkeyPatch, web: Web, address: str
) -> None:
    """The order is taken, as the name is looked up only when it is called; then the file is refused, and says why."""
    resolved[:] = [address]
    monkeypatch.setitem(vars(world.services), "web", web)
    assets = _fresh(world.services, web).assets
    asset = assets.create(ada.id, source_url="https://innocent.example/song.mp3")
    seen = assets.inspect(ada.id, asset.id)
    assert (seen.state, world.objects.stored) == (AssetState.REJECTED, {})
    assert "not public" in (seen.reason or "")


@pytest.mark.parametrize("url", SPELLINGS)
def test_an_import_of_a_plain_address_is_not_taken(world: World, ada: Tenant, web: Web, url: str) -> None:
    with pytest.raises(FetchRefused):
        _fresh(world.services, web).assets.create(ada.id, source_url=url)


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_endpoint_is_registered_there(world: World, ada: Tenant, web: Web, url: str) -> None:
    with pytest.raises(InvalidInput) as told:
        _fresh(world.services, web).endpoints.create(ada.id, url)
    assert told.value.field == "url"


def test_a_notice_is_an_attempt_that_failed(resolved: list[str], web: Web) -> None:
    resolved[:] = ["169.254.170.2"]
    secret = SigningSecret(current=new_signing_secret())
    made, _ = attempt(web, FakeClock(), "https://innocent.example/hook", "id", b"{}", secret)
    assert (made.status, made.taken) == (None, False)
    assert "not public" in (made.error or "")


def _fresh(services: Services, web: Web) -> Services:
    """The same world with another web, and nothing made yet that holds the one before."""
    made = type(services)(services.settings)
    for name in ("records", "objects", "clock"):
        vars(made)[name] = getattr(services, name)
    vars(made)["web"] = web
    return made
