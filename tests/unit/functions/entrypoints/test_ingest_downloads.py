"""The ingest service gives archives too, as slowly as they are taken."""

import io
import time
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from functions.dialects.twoshot.routes import DIALECT
from functions.entrypoints.ingest import Ingest
from functions.http.pace import Pace
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.serving import serving

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
PATH = "/audio/download"
IDLE_S = 0.3


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    pace = Pace(idle_s=IDLE_S, window_s=IDLE_S)
    with serving(Ingest({PATH: DIALECT}, threads=4, of_a_tenant=1, pace=pace)) as made:
        yield made


@pytest.fixture
def ids(world: World, ada: Tenant) -> str:
    made = []
    for number in range(3):
        asset = world.services.assets.create(ada.id, name=f"{number}.wav")
        world.objects.put(asset.key, GOOD + bytes(9_000_000))
        made.append(world.services.assets.inspect(ada.id, asset.id).id)
    return ",".join(made)


def test_a_slow_reader_gets_all_of_it(client: httpx.Client, ada: Tenant, ids: str) -> None:
    got = b""
    with client.stream("GET", PATH, params={"ids": ids}, headers={"x-api-key": ada.secret}) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        for number, block in enumerate(answer.iter_bytes(4_000_000)):
            if number < 3:
                time.sleep(IDLE_S)
            got += block
    with zipfile.ZipFile(io.BytesIO(got)) as found:
        assert found.testzip() is None
        assert len(found.namelist()) == 4


def test_a_tenant_holds_so_many_threads_and_no_more(client: httpx.Client, ada: Tenant, bob: Tenant, ids: str) -> None:
    with client.stream("GET", PATH, params={"ids": ids}, headers={"x-api-key": ada.secret}) as first:
        assert first.status_code == 200
        second = client.get(PATH, params={"ids": ids}, headers={"x-api-key": ada.secret})
        assert (second.status_code, second.json()["code"]) == (503, "UNAVAILABLE")
        assert client.get(PATH, params={"ids": ids}, headers={"x-api-key": bob.secret}).status_code == 404
    until = time.monotonic() + 10
    while client.get(PATH, params={"ids": ids}, headers={"x-api-key": ada.secret}).status_code != 200:
        assert time.monotonic() < until, "a client that left gives its thread back"


def test_whoever_has_no_key_gets_nothing(client: httpx.Client, ids: str) -> None:
    answer = client.get(PATH, params={"ids": ids})
    assert (answer.status_code, answer.json()["path"]) == (401, PATH)
