"""What a preparation's end makes of its sample, whenever and however often it is told."""

from typing import Any

import pytest

from patchbay.core.preparation import preview_key
from patchbay.domain.errors import NotFound, Unavailable
from patchbay.domain.jobs import Failure, FailureKind, Output
from patchbay.domain.samples import MAX_PEAKS, Sample, SampleState
from tests.fakes.world import Tenant, World
from tests.support.library import PREVIEW, carry_out, library_sample, make_sample, prepare


def found(world: World, sample: Sample) -> Sample:
    """As it is stored: to get it would settle it."""
    mine = world.services.samples.owned(sample.tenant_id, limit=100)
    (stored,) = [each for each in mine if each.id == sample.id]
    return stored


def test_what_was_found_is_the_samples(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    world.clock.advance(seconds=30)
    settled = prepare(world, made, bpm=125.0, key="A# minor", duration_s=8.0, peaks=([-0.5, -0.1], [0.25, 0.75]))
    assert (settled.state, settled.bpm, settled.scale, settled.duration_s) == (
        SampleState.READY,
        125.0,
        "A# Minor",
        8.0,
    )
    assert settled.peaks == (0.5, 0.75)
    assert settled.updated_at == world.clock.now()
    assert found(world, made) == settled


def test_the_preview_outlives_the_results(world: World, ada: Tenant) -> None:
    settled = library_sample(world, ada)
    world.objects.stored = {key: value for key, value in world.objects.stored.items() if not key.startswith("results/")}
    assert world.objects.stored[settled.preview_key] == (PREVIEW, "audio/mpeg")
    assert settled.preview_key.startswith(f"samples/{ada.id}/{settled.id}/")


def test_what_the_owner_said_of_the_scale_stays(world: World, ada: Tenant) -> None:
    assert prepare(world, make_sample(world, ada, scale="C dorian"), key="A minor").scale == "C Dorian"
    made = make_sample(world, ada)
    job = carry_out(world, made, key="A minor")
    world.services.samples.set_scale(ada.id, made.number, "D")
    settled = world.services.samples.settle(job)
    assert settled is not None
    assert settled.scale == "D Major"


@pytest.mark.parametrize(("bpm", "key"), [(None, None), (0.0, "N"), (-3, "loud"), ("fast", 7), (True, {}), (1e999, "")])
def test_what_was_not_found_stays_unknown(world: World, ada: Tenant, bpm: Any, key: Any) -> None:
    settled = prepare(world, make_sample(world, ada), bpm=bpm, key=key)
    assert (settled.state, settled.bpm, settled.scale) == (SampleState.READY, None, "")


def test_a_length_that_was_not_told_is_the_jobs(world: World, ada: Tenant) -> None:
    assert prepare(world, make_sample(world, ada), duration_s=None).duration_s == world.prober.seconds


def test_many_peaks_become_few(world: World, ada: Tenant) -> None:
    high = [n / 1000 for n in range(1000)]
    settled = prepare(world, make_sample(world, ada), peaks=([0.0] * 1000, high))
    assert len(settled.peaks) == MAX_PEAKS
    assert settled.peaks == tuple(high[4::5])


def test_telling_it_again_changes_nothing(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    job = carry_out(world, made)
    once = world.services.samples.settle(job)
    written = len(world.records.changes)
    world.objects.stored.clear()
    assert world.services.samples.settle(job) == once == found(world, made)
    assert len(world.records.changes) == written


def test_a_job_that_is_not_over_says_nothing(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    assert world.services.samples.settle(world.services.jobs.get(ada.id, made.id)) == made


def test_a_failure_is_told_in_the_jobs_words(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada, public=True)
    told = Failure(kind=FailureKind.BAD_INPUT, message="there is no audio in it")
    world.services.pipeline.fail(ada.id, made.id, told)
    settled = world.services.samples.settle(world.services.jobs.get(ada.id, made.id))
    assert settled is not None
    assert (settled.state, settled.reason) == (SampleState.FAILED, "there is no audio in it")
    assert not settled.shown


def test_a_file_that_is_no_audio_fails_with_the_reason(world: World, ada: Tenant) -> None:
    asset = world.upload(ada, b"no audio")
    application = ada.caller.application_id
    made = world.services.samples.create(ada.id, application, asset, name="x", public=True)
    settled = prepare(world, made)
    assert (settled.state, settled.public, settled.shown) == (SampleState.FAILED, True, False)
    assert "no audio file" in (settled.reason or "")


def test_a_job_that_was_cancelled(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    settled = world.services.samples.settle(world.services.jobs.cancel(ada.id, made.id))
    assert settled is not None
    assert (settled.state, settled.reason) == (SampleState.FAILED, "its preparation was cancelled")


def test_a_job_that_was_deleted(world: World, ada: Tenant) -> None:
    made, ready = make_sample(world, ada), library_sample(world, ada)
    give_up = world.services.samples.give_up
    for sample in (made, ready):
        world.services.jobs.delete(ada.id, sample.id)
    given_up = give_up(ada.id, made.id)
    assert given_up is not None
    assert (given_up.state, given_up.reason) == (SampleState.FAILED, "its preparation job was deleted")
    assert give_up(ada.id, ready.id) == ready, "what is ready stays so"
    assert give_up(ada.id, world.order(ada).id) is None


@pytest.mark.parametrize("broken", ["analysis", "preview"])
@pytest.mark.parametrize("how", ["missing", "unread", "unnamed", "large"])
def test_results_of_no_use_fail_it(world: World, ada: Tenant, broken: str, how: str) -> None:
    made = make_sample(world, ada)
    job = carry_out(world, made)
    (output,) = [output for output in job.outputs if output.name == broken]
    assert output.key is not None
    others = tuple(other for other in job.outputs if other.name != broken)
    if how == "missing":
        del world.objects.stored[output.key]
    elif how == "unread" and broken == "analysis":
        world.objects.stored[output.key] = (b'{"peaks": {"min": [1], "max": []}}', "")
    elif how == "large":
        world.objects.stored[output.key] = (b"[" + b"0," * 10**7 + b"0]", "")
    else:
        job = job.model_copy(update={"outputs": (*others, Output(name=broken))})
    settled = world.services.samples.settle(job)
    assert settled is not None
    assert settled.state is SampleState.FAILED
    assert "left nothing" in (settled.reason or "")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"peaks": 1}', b'{"peaks": {"min": ["a"], "max": [1]}}', b"\xff"]
)
def test_an_analysis_that_cannot_be_read_fails_it(world: World, ada: Tenant, text: bytes) -> None:
    made = make_sample(world, ada)
    job = carry_out(world, made)
    (key,) = [output.key for output in job.outputs if output.name == "analysis"]
    world.objects.stored[str(key)] = (text, "application/json")
    settled = world.services.samples.settle(job)
    assert settled is not None
    assert settled.state is SampleState.FAILED


@pytest.mark.parametrize("moment", ["before the preview is stored", "after it"])
def test_a_sample_that_is_deleted_meanwhile_leaves_no_preview(
    world: World, ada: Tenant, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_sample(world, ada)
    job, store = carry_out(world, made), world.objects.store

    def delete(*_: object) -> None:
        world.services.samples.delete(ada.id, made.number)

    def late(key: str, data: bytes, *, media_type: str) -> None:
        delete()
        store(key, data, media_type=media_type)

    if moment == "after it":
        world.records.before_write = delete
    else:
        monkeypatch.setattr(world.objects, "store", late)
    assert world.services.samples.settle(job) is None
    assert preview_key(ada.id, made.id) not in world.objects.stored


def test_a_change_at_the_same_moment_stays(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    job = carry_out(world, made)

    def rival(_: object) -> None:
        world.services.samples.rename(ada.id, made.number, "New")

    world.records.before_write = rival
    settled = world.services.samples.settle(job)
    assert settled is not None
    assert (settled.name, settled.state) == ("New", SampleState.READY)


def test_a_store_that_is_away_is_no_failure(world: World, ada: Tenant) -> None:
    made = make_sample(world, ada)
    job = carry_out(world, made)
    world.records.down = True
    with pytest.raises(Unavailable):
        world.services.samples.settle(job)
    world.records.down = False
    assert found(world, made).state is SampleState.PROCESSING


class TestAnEndThatNobodyTold:
    """Whoever gets the sample settles it."""

    def test_of_a_preparation(self, world: World, ada: Tenant) -> None:
        made = make_sample(world, ada, public=True)
        carry_out(world, made, bpm=90.0)
        assert found(world, made).state is SampleState.PROCESSING
        got = world.services.samples.get(made.number, ada.id)
        assert (got.state, got.bpm) == (SampleState.READY, 90.0)
        assert found(world, made) == got

    def test_of_one_that_is_under_way_changes_nothing(self, world: World, ada: Tenant) -> None:
        made = make_sample(world, ada)
        written = len(world.records.changes)
        assert world.services.samples.get(made.number, ada.id).state is SampleState.PROCESSING
        assert len(world.records.changes) == written

    def test_of_one_that_was_deleted(self, world: World, ada: Tenant) -> None:
        made = make_sample(world, ada)
        world.services.jobs.delete(ada.id, made.id)
        assert world.services.samples.get(made.number, ada.id).reason == "its preparation job was deleted"

    def test_is_nothing_that_a_stranger_brings_about(self, world: World, ada: Tenant, bob: Tenant) -> None:
        made = make_sample(world, ada, public=True)
        carry_out(world, made)
        for stranger in (bob.id, None):
            with pytest.raises(NotFound):
                world.services.samples.get(made.number, stranger)
        assert found(world, made).state is SampleState.PROCESSING

    def test_waits_where_the_results_cannot_be_had_just_now(
        self, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = make_sample(world, ada)
        carry_out(world, made)

        def away(key: str) -> None:
            raise Unavailable("the object store did not answer")

        monkeypatch.setattr(world.objects, "read", away)
        assert world.services.samples.get(made.number, ada.id).state is SampleState.PROCESSING
