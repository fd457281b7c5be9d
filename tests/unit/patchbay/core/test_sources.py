"""What is known of the sources of a project, as its owner may know it."""

from collections.abc import Sequence
from typing import Any

import pytest

from patchbay.core import sources
from patchbay.core.layout_generations import put_generation
from patchbay.domain.generations import Generation, GenerationOutput
from patchbay.domain.projects import Reference
from patchbay.ports import Key, Record
from tests.fakes.world import Tenant, World
from tests.support.library import library_sample, make_sample

NO_ID = "0198c0de-0000-7000-8000-000000000000"


def known(world: World, viewer: Tenant, **named: Any) -> tuple[float | None, float | None]:
    lengths_s, tempi = sources.measures(world.records, viewer.id, [Reference(name="x", **named)])
    return lengths_s.get("x"), tempi.get("x")


def test_of_a_sample_by_its_number_or_its_audio(world: World, ada: Tenant, bob: Tenant) -> None:
    own = library_sample(world, ada, public=False, duration_s=9.0, bpm=60.0)
    shown = library_sample(world, bob, public=True, duration_s=5.0, bpm=128.0)
    for sample, facts in ((own, (9.0, 60.0)), (shown, (5.0, 128.0))):
        assert known(world, ada, sample_id=sample.number) == facts
        assert known(world, ada, audio_id=sample.asset_id) == facts
    for named in ({"sample_id": own.number}, {"audio_id": own.asset_id}):
        assert known(world, bob, **named) == (None, None), "another's"


def test_of_a_sample_that_nobody_has_listened_to(world: World, ada: Tenant) -> None:
    sample = make_sample(world, ada)
    assert known(world, ada, sample_id=sample.number) == (None, None)


@pytest.mark.parametrize("bpm", [None, 5.0, 5000.0])
def test_a_tempo_that_no_arrangement_takes_is_unknown(world: World, ada: Tenant, bpm: float | None) -> None:
    sample = library_sample(world, ada, duration_s=9.0, bpm=bpm)
    assert known(world, ada, sample_id=sample.number) == (9.0, None)


def test_of_a_file(world: World, ada: Tenant, bob: Tenant) -> None:
    asset = world.upload(ada)
    assert known(world, ada, audio_id=asset.id) == (None, None)
    seen = world.services.assets.inspect(ada.id, asset.id)
    assert seen.audio is not None
    assert known(world, ada, audio_id=asset.id) == (seen.audio.duration_s, None)
    assert known(world, bob, audio_id=asset.id) == (None, None)


def test_of_what_a_generation_made(world: World, ada: Tenant, bob: Tenant) -> None:
    made = GenerationOutput(asset_id=NO_ID, name="mix.wav", duration_s=12.5, format="wav")
    now = world.clock.now()
    told = Generation(id=NO_ID, tenant_id=ada.id, kind="render", outputs=(made,), settled=True, created_at=now)
    world.records.write(put_generation(told))
    assert known(world, ada, generation_id=NO_ID, output_name="mix.wav") == (12.5, None)
    assert known(world, ada, generation_id=NO_ID, output_name="mix") == (12.5, None)
    assert known(world, ada, generation_id=NO_ID, output_name="bass.wav") == (None, None)
    assert known(world, bob, generation_id=NO_ID, output_name="mix.wav") == (None, None)


def test_of_nothing_that_is_there(world: World, ada: Tenant) -> None:
    for named in ({"sample_id": 7}, {"audio_id": NO_ID}, {"generation_id": NO_ID, "output_name": "x"}):
        assert known(world, ada, **named) == (None, None)
    assert sources.measures(world.records, ada.id, []) == ({}, {})


def test_of_many_in_two_reads(world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [library_sample(world, ada, duration_s=float(n + 1), bpm=100.0 + n) for n in range(5)]
    reads: list[int] = []
    get_many = world.records.get_many

    def counted(keys: Sequence[Key]) -> list[Record]:
        reads.append(len(keys))
        return get_many(keys)

    monkeypatch.setattr(world.records, "get_many", counted)
    references = [
        *(Reference(name=f"n{n}", sample_id=sample.number) for n, sample in enumerate(samples)),
        *(Reference(name=f"a{n}", audio_id=sample.asset_id) for n, sample in enumerate(samples)),
    ]
    lengths_s, tempi = sources.measures(world.records, ada.id, references)
    assert lengths_s == {f"{kind}{n}": n + 1.0 for kind in "na" for n in range(5)}
    assert tempi == {f"{kind}{n}": 100.0 + n for kind in "na" for n in range(5)}
    assert reads == [15, 5]
