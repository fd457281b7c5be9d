"""`patchbay search rebuild`, over fakes."""

import json
from pathlib import Path

import pytest

from patchbay.cli import operator, run
from patchbay.core import layout_library
from patchbay.core.search import Query
from patchbay.domain.samples import Sample, SampleState
from patchbay.ports import Delete
from tests.fakes.clock import START
from tests.fakes.world import Tenant, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A deployment whose index was lost: three samples of ada, two of bob."""
    made = World()
    monkeypatch.setattr(operator, "services", lambda data, stage: made.services)
    for owner, count in ((made.tenant("ada@example.org"), 3), (made.tenant("bob@example.org"), 2)):
        for number in range(count):
            made.records.write(layout_library.put_sample(_sample(owner, number)))
    made.index_samples()
    for key, record in list(made.records.items.items()):
        if record.kind in {"posting", "indexed"}:
            made.records.write(Delete(key, None))
    assert found(made) == 0
    return made


def _sample(owner: Tenant, number: int) -> Sample:
    return Sample(
        id=f"{number:08x}-{owner.id[9:]}",
        number=number,
        tenant_id=owner.id,
        asset_id="asset",
        name=f"Loop {number}",
        public=True,
        state=SampleState.READY,
        created_at=START,
        updated_at=START,
    )


def found(world: World) -> int:
    return len(world.services.search.samples(Query()))


def test_everybodys_index_is_made_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "rebuild"]) == 0
    assert capsys.readouterr().out == "5 samples and projects of 2 people indexed\n"
    assert found(world) == 5


def test_one_persons_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "rebuild", "--user", "Bob@example.org", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"people": 1, "things": 2}
    assert found(world) == 2


def test_somebody_nobody_knows(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "rebuild", "--user", "eve@example.org"]) == 1
    assert "there is no user eve@example.org" in capsys.readouterr().err
    assert found(world) == 0


def test_without_a_twin_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "rebuild", "--data", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("patchbay: ")
