import json

import pytest

from patchbay.core.takeout import KINDS, Takeout
from tests.fakes.inventory import FakeInventory, dump
from tests.fakes.world import World
from tests.support.lives import Life, two_lives


@pytest.fixture
def two(world: World) -> tuple[Life, Life]:
    return two_lives(world)


@pytest.fixture
def takeout(world: World) -> Takeout:
    return Takeout(FakeInventory(world.records, world.objects))


def test_all_that_is_somebodys_is_told(world: World, takeout: Takeout, two: tuple[Life, Life]) -> None:
    ada, _ = two
    told = list(takeout.records(ada.tenant.id))
    lists = {name for name, _ in told}
    assert set(KINDS.values()) - lists <= {"referred", "job-groups", "charges"}
    by_list = {name: [body for list_name, body in told if list_name == name] for name in lists}
    (account,) = by_list["account"]
    assert (account["email"], account["user_name"], account["instagram"]) == (ada.email, "ada-plays", "ada.plays")
    assert {sample["name"] for sample in by_list["samples"]} == {"ada bass", "ada secret"}
    assert any(job.get("batch_name") == "ada's batch" for job in by_list["jobs"])
    assert len(by_list["project-documents"]) == 1
    assert [mark["id"] for mark in by_list["likes"]] == [two[1].sample.id]


def test_nothing_of_others_and_no_secret_is_told(world: World, takeout: Takeout, two: tuple[Life, Life]) -> None:
    ada, bob = two
    told = json.dumps(list(takeout.records(ada.tenant.id)))
    assert bob.email not in told
    assert "bob-plays" not in told
    for word in ("secret_hash", "pool_suffix", "v1.sealed", "whsec_", ada.tenant.secret):
        assert word not in told, word


def test_files_are_the_tenants_alone(world: World, takeout: Takeout, two: tuple[Life, Life]) -> None:
    ada, _ = two
    files = list(takeout.files(ada.tenant.id))
    assert {file.key for file in files} == {key for key in world.objects.stored if ada.tenant.id in key}
    assert all(file.size_bytes == len(world.objects.stored[file.key][0]) for file in files)


def test_looking_changes_nothing(world: World, takeout: Takeout, two: tuple[Life, Life]) -> None:
    before = dump(world.records, world.objects)
    assert list(takeout.records(two[0].tenant.id))
    assert list(takeout.files(two[0].tenant.id))
    assert dump(world.records, world.objects) == before
