"""Archives of audio: whole, in blocks, each file under a name of its own."""

import io
import json
import unicodedata
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dialects.twoshot.routes import archive
from patchbay.domain.assets import Asset
from patchbay.domain.errors import NotFound
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World


def asset(world: World, tenant: Tenant, name: str, data: bytes = GOOD) -> Asset:
    made = world.services.assets.create(tenant.id, name=name)
    world.objects.put(made.key, data)
    return world.services.assets.inspect(tenant.id, made.id)


async def whole(entries: list[archive.Licensed]) -> bytes:
    return b"".join([block async for block in archive.written(entries)])


async def test_every_file_comes_back(world: World, ada: Tenant) -> None:
    data = [GOOD + bytes([n]) * 100_000 * n for n in range(4)]
    assets = [asset(world, ada, f"{n}.wav", each) for n, each in enumerate(data)]
    made = await whole(archive.entries(ada.id, [(None, each) for each in assets]))
    with zipfile.ZipFile(io.BytesIO(made)) as found:
        assert found.testzip() is None
        assert [found.read(f"{n}.wav") for n in range(4)] == data
        assert json.loads(found.read(archive.LICENCES)) == {f"{n}.wav": None for n in range(4)}
        assert found.infolist()[0].date_time[:5] == assets[0].created_at.timetuple()[:5]


async def test_it_is_never_whole_in_memory(world: World, ada: Tenant) -> None:
    large = asset(world, ada, "large.wav", GOOD + bytes(3_000_000))
    blocks = [block async for block in archive.written(archive.entries(ada.id, [(None, large)]))]
    assert max(map(len, blocks)) < 200_000


async def test_a_file_that_is_gone_meanwhile_breaks_it_off(world: World, ada: Tenant) -> None:
    entries = archive.entries(ada.id, [(None, asset(world, ada, "a.wav")), (None, asset(world, ada, "b.wav"))])
    world.objects.delete(entries[1].entry.key)
    with pytest.raises(NotFound):
        await whole(entries)


@given(names=st.lists(st.text(max_size=40), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_names_are_harmless_and_each_its_own(world: World, ada: Tenant, names: list[str]) -> None:
    assets = [asset(world, ada, name) for name in names]
    found = [one.entry.name for one in archive.entries(ada.id, [(None, each) for each in assets])]
    assert len({name.casefold() for name in found}) == len(names)
    for name in found:
        assert name.endswith(".wav")
        assert not set('/\\<>:"|?*') & set(name)
        assert not name.startswith((".", " "))
        assert not {unicodedata.category(c) for c in name} & {"Cc", "Cs"}
        assert name != archive.LICENCES


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Loop", "loop.WAV", "LOOP"], ["Loop.wav", "loop (2).WAV", "LOOP (3).wav"]),
        (["../../etc/passwd"], ["_.._etc_passwd.wav"]),
        (["", "..", " . "], ["audio.wav", "audio (2).wav", "audio (3).wav"]),
        (["licences.json"], ["licences.json.wav"]),
        (["x" * 255], ["x" * 200 + ".wav"]),
    ],
)
def test_names_for_example(world: World, ada: Tenant, names: list[str], expected: list[str]) -> None:
    assets = [asset(world, ada, name) for name in names]
    assert [one.entry.name for one in archive.entries(ada.id, [(None, each) for each in assets])] == expected
