"""Audio that requests name: who may use what, and what is said of what cannot be used."""

from typing import Any

import pytest

from functions.dialects.twoshot.routes import sources
from patchbay.domain.assets import Asset
from patchbay.domain.errors import InvalidInput, Missing, NotReady, PatchbayError
from patchbay.domain.jobs import Failure, FailureKind
from patchbay.domain.projects import Reference
from tests.fakes.prober import GOOD
from tests.fakes.world import Tenant, World
from tests.support.generations import generate, generated
from tests.support.library import library_sample, make_sample
from tests.support.twoshot import NO_ID, NO_NUMBER

PLACE = "tracks[3].clips[17].source"


def named(**told: Any) -> Reference:
    return Reference(name="source-1", field=PLACE, **told)


def resolve(tenant: Tenant, **told: Any) -> sources.Resolved:
    return sources.resolve(named(**told), tenant.id)


def refused(tenant: Tenant, kind: type[PatchbayError], **told: Any) -> str:
    with pytest.raises(kind) as caught:
        resolve(tenant, **told)
    assert caught.value.field == PLACE  # type: ignore[attr-defined]
    return str(caught.value)


def looked_at(world: World, tenant: Tenant, data: bytes = GOOD) -> Asset:
    return world.services.assets.inspect(tenant.id, world.upload(tenant, data).id)


class TestSamples:
    @pytest.mark.parametrize("whose", ["own", "everybody's"])
    def test_own_and_public_ones(self, world: World, ada: Tenant, bob: Tenant, whose: str) -> None:
        owner = ada if whose == "own" else bob
        sample = library_sample(world, owner, public=whose != "own", bpm=125.0)
        asset = world.services.assets.get(owner.id, sample.asset_id)
        for told in ({"sample_id": sample.number}, {"sample_id": sample.number, "audio_id": sample.asset_id}):
            found = resolve(ada, **told)
            assert found.file.name == "source-1"
            assert (found.file.key, found.file.sha256) == (asset.key, asset.sha256)
            assert (found.duration_s, found.tempo_bpm) == (world.prober.seconds, 125.0)
        assert resolve(ada, audio_id=sample.asset_id).file.key == asset.key

    def test_another_users_are_not_told_from_none(self, world: World, ada: Tenant, bob: Tenant) -> None:
        sample = library_sample(world, bob, public=False)
        theirs = refused(ada, Missing, sample_id=sample.number)
        assert theirs == refused(ada, Missing, sample_id=NO_NUMBER).replace(str(NO_NUMBER), str(sample.number))
        theirs = refused(ada, Missing, audio_id=sample.asset_id)
        assert theirs == refused(ada, Missing, audio_id=NO_ID).replace(NO_ID, sample.asset_id)

    def test_its_audio_must_be_its_own(self, world: World, ada: Tenant) -> None:
        one, two = library_sample(world, ada), library_sample(world, ada)
        assert one.asset_id not in refused(ada, Missing, sample_id=one.number, audio_id=two.asset_id)

    def test_a_tempo_no_arrangement_takes_is_unknown(self, world: World, ada: Tenant) -> None:
        for bpm, known in ((19.9, None), (20.0, 20.0), (999.0, 999.0), (1000.0, None), (None, None)):
            sample = library_sample(world, ada, bpm=bpm)
            assert resolve(ada, sample_id=sample.number).tempo_bpm == known

    def test_one_that_nobody_has_looked_at_yet(self, world: World, ada: Tenant) -> None:
        sample = make_sample(world, ada)
        assert "try again" in refused(ada, NotReady, sample_id=sample.number)


class TestUploads:
    def test_own(self, world: World, ada: Tenant) -> None:
        asset = looked_at(world, ada)
        found = resolve(ada, audio_id=asset.id)
        assert (found.file.key, found.asset_id, found.tempo_bpm) == (asset.key, asset.id, None)

    def test_another_users(self, world: World, ada: Tenant, bob: Tenant) -> None:
        refused(ada, Missing, audio_id=looked_at(world, bob).id)

    def test_one_that_is_no_audio(self, world: World, ada: Tenant) -> None:
        asset = looked_at(world, ada, b"no audio")
        assert "no audio file" in refused(ada, InvalidInput, audio_id=asset.id)

    def test_one_that_nobody_has_looked_at_yet(self, world: World, ada: Tenant) -> None:
        refused(ada, NotReady, audio_id=world.upload(ada).id)

    @pytest.mark.parametrize("audio_id", ["", "x", "../x", NO_ID.upper()])
    def test_what_is_no_id(self, world: World, ada: Tenant, audio_id: str) -> None:
        refused(ada, Missing, audio_id=audio_id)

    def test_nothing_at_all(self, world: World, ada: Tenant) -> None:
        assert "audioId" in refused(ada, InvalidInput)


class TestGenerations:
    def test_an_output_of_ones_own(self, world: World, ada: Tenant) -> None:
        made = generated(world, ada)
        for output in made.outputs:
            found = resolve(ada, generation_id=made.id, output_name=output.name)
            assert found.asset_id == output.asset_id
            assert found.file.key.startswith(f"uploads/{ada.id}/")

    def test_its_audio_must_be_its_own(self, world: World, ada: Tenant) -> None:
        made = generated(world, ada)
        first, second = made.outputs[:2]
        told = {"generation_id": made.id, "output_name": first.name}
        assert resolve(ada, **told, audio_id=first.asset_id).asset_id == first.asset_id
        for other in (second.asset_id, looked_at(world, ada).id, NO_ID):
            assert "of that name" in refused(ada, Missing, **told, audio_id=other)

    def test_one_whose_end_nobody_told(self, world: World, ada: Tenant) -> None:
        _, job = generate(world, ada)
        world.carry_out(job)
        assert resolve(ada, generation_id=job.id, output_name="bass").duration_s == world.prober.seconds

    def test_another_users(self, world: World, ada: Tenant, bob: Tenant) -> None:
        made = generated(world, bob)
        told = {"output_name": "bass"}
        theirs = refused(ada, Missing, generation_id=made.id, **told)
        assert theirs == refused(ada, Missing, generation_id=NO_ID, **told).replace(NO_ID, made.id)

    def test_one_that_is_not_over(self, world: World, ada: Tenant) -> None:
        refused(ada, NotReady, generation_id=generate(world, ada)[0].id, output_name="bass")

    def test_one_that_came_to_nothing(self, world: World, ada: Tenant) -> None:
        failed, cancelled, lost = (generate(world, ada)[1] for _ in range(3))
        world.services.pipeline.fail(ada.id, failed.id, Failure(kind=FailureKind.INTERNAL, message="it broke"))
        world.services.jobs.cancel(ada.id, cancelled.id)
        for output in world.carry_out(lost).outputs:
            world.objects.delete(str(output.key))
        for job, why in ((failed, "it broke"), (cancelled, "it was cancelled"), (lost, "its results are gone")):
            assert why in refused(ada, InvalidInput, generation_id=job.id, output_name="bass")

    @pytest.mark.parametrize("name", [None, "", "Bass", "bass.mp3", "*"])
    def test_an_output_that_it_has_not(self, world: World, ada: Tenant, name: str | None) -> None:
        made = generated(world, ada)
        assert "it made vocals, " in refused(ada, Missing, generation_id=made.id, output_name=name)

    def test_an_output_that_was_deleted(self, world: World, ada: Tenant) -> None:
        made = generated(world, ada)
        world.services.assets.delete(ada.id, made.outputs[0].asset_id)
        refused(ada, Missing, generation_id=made.id, output_name=made.outputs[0].name)
