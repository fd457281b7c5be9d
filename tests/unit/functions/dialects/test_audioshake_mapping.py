"""Between the words of the AudioShake APIs and the core's."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from starlette.datastructures import Headers

from functions.dialects.audioshake import assets, legacy, outputs, schemas, tasks
from functions.dialects.audioshake.routes import find_key
from functions.dialects.audioshake.times import iso
from patchbay.catalog.models import Shelf
from patchbay.domain.assets import Asset, AssetState, AudioInfo
from patchbay.domain.errors import InvalidInput
from patchbay.domain.ids import new_id
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.users import Caller

CALLER = Caller(tenant_id="t", application_id="a", key_id="k")
NOW = datetime(2022, 12, 7, 19, 21, 42, 170999, tzinfo=UTC)


def asset(name: str = "", **changes: Any) -> Asset:
    return Asset(id="x", tenant_id="t", key="uploads/t/x", name=name, created_at=NOW, **changes)


def job(**changes: Any) -> Job:
    given: dict[str, Any] = {"dialect": "audioshake", "workflow": "single-stem", **changes}
    return Job(id=new_id(), tenant_id="t", application_id="a", created_at=NOW, **given)


def audio(container: str, media_type: str) -> AudioInfo:
    return AudioInfo(
        media_type=media_type, container=container, codec="c", duration_s=1, sample_rate_hz=44100, channels=2
    )


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (asset("song.MP3"), ("mp3", "audio/mpeg")),
        (asset("song"), ("", "application/octet-stream")),
        (asset("song.exe"), ("", "application/octet-stream")),
        (asset("mp3"), ("mp3", "audio/mpeg")),
        (asset("song", source_url="https://x.org/a/b.flac?sig=c.wav"), ("flac", "audio/flac")),
        (asset("song", source_url="https://x.org/"), ("", "application/octet-stream")),
        (asset("a.mp4", audio=audio("mov", "audio/mp4")), ("m4a", "audio/mp4")),
        (asset("a.m4a", audio=audio("mov", "audio/mp4")), ("m4a", "audio/mp4")),
        (asset("a.opus", audio=audio("ogg", "audio/ogg")), ("opus", "audio/ogg")),
        (asset("a.wav", audio=audio("mp3", "audio/mpeg")), ("mp3", "audio/mpeg")),
        (asset("a", audio=audio("matroska", "audio/webm")), ("mkv", "audio/webm")),
    ],
)
def test_what_an_asset_is(found: Asset, kind: tuple[str, str]) -> None:
    assert assets.kind(found) == kind


def test_a_rejected_asset_has_no_link() -> None:
    shown = assets.stated(asset("a.wav", state=AssetState.REJECTED, reason="no audio"), "https://x")
    assert (shown["link"], shown["status"], shown["reason"]) == (None, "rejected", "no audio")
    schemas.StatedAsset.model_validate(shown)


def test_times() -> None:
    assert iso(NOW) == "2022-12-07T19:21:42.170Z"
    assert iso(NOW.astimezone(timezone(timedelta(hours=2)))) == "2022-12-07T19:21:42.170Z"
    assert iso(None) is None


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({"authorization": "Bearer pb_x"}, "pb_x"),
        ({"authorization": "BEARER  pb_x "}, "pb_x"),
        ({"x-api-key": "pb_x"}, "pb_x"),
        ({"authorization": "Basic y", "x-api-key": "pb_x"}, "pb_x"),
        ({"authorization": "Bearer pb_y", "x-api-key": "pb_x"}, "pb_y"),
        ({"authorization": "Bearer ", "x-api-key": "pb_x"}, "pb_x"),
        ({"authorization": "Bearer", "x-api-key": "pb_x"}, "pb_x"),
        ({"authorization": "Bearer "}, None),
        ({"authorization": "pb_x"}, None),
        ({}, None),
    ],
)
def test_the_key(headers: dict[str, str], key: str | None) -> None:
    assert find_key(Headers(headers)) == key


@pytest.mark.parametrize(
    ("field", "theirs"),
    [
        ("input", "assetId"),
        ("callback_url", "callbackUrl"),
        ("workflow", "metadata.name"),
        ("params.model", "metadata.name"),
        ("params.stem", "metadata.name"),
        ("params.formats", "metadata.format"),
        ("params.residual", "metadata.residual"),
        ("params.shared_with", "metadata"),
        ("metadata", "metadata"),
        (None, "metadata"),
    ],
)
def test_fields_in_errors_of_jobs_are_the_clients(field: str | None, theirs: str) -> None:
    error = legacy.in_client_words(InvalidInput("no", field=field))
    assert (error.field, str(error)) == (theirs, "no")


@pytest.mark.parametrize(
    ("field", "theirs"),
    [
        ("input", "assetId"),
        ("targets", "targets"),
        ("3.callback_url", "callbackUrl"),
        ("3.params.model", "targets.3.model"),
        ("0.params.stem", "targets.0.model"),
        ("12.params.formats", "targets.12.formats"),
        ("3.params", "targets.3"),
        ("3.metadata", "targets.3"),
        (None, "targets"),
    ],
)
def test_fields_in_errors_of_tasks_are_the_clients(field: str | None, theirs: str) -> None:
    target = schemas.TargetOrder(model="vocals", formats=["wav"])
    given = schemas.TaskOrder(assetId="x", targets=[target])
    assert tasks.in_client_words(InvalidInput("no", field=field), given).field == theirs
    linked = schemas.TaskOrder(url="https://x.org/a", targets=[target])
    assert tasks.in_client_words(InvalidInput("no", field="input"), linked).field == "url"


def test_the_order_of_a_job() -> None:
    metadata = {"name": "instrumental", "format": "mp3", "residual": True, "mine": {"a": [1]}}
    given = schemas.JobOrder.model_validate({"metadata": metadata, "assetId": "x", "callbackUrl": ""})
    order = legacy.order(CALLER, given, asset("song.wav"), "request", Shelf(()))
    assert (order.workflow, order.input_asset_id, order.callback_url) == ("single-stem", "x", None)
    assert order.params == {
        "stem": "accompaniment",
        "formats": ["mp3"],
        "model": "patchbay-small",
        "residual": True,
    }
    assert order.request["metadata"] == metadata
    assert order.request["requestId"] == "request"


def test_what_was_asked_of_jobs_of_either_api_and_of_others() -> None:
    by_task = job(request={"target": {"model": "bass", "formats": ["wav"], "language": "en"}})
    by_job = job(request={"metadata": {"name": "bass", "format": "wav", "language": "en"}})
    assert outputs.ordered(by_task) == {"model": "bass", "formats": ["wav"], "language": "en"}
    assert outputs.ordered(by_job).items() >= {"model": "bass", "formats": ["wav"], "language": "en"}.items()
    foreign = job(dialect="native", params={"stem": "accompaniment", "formats": ["mp3"]}, request={"target": 1})
    assert outputs.ordered(foreign) == {"model": "instrumental", "formats": ["mp3"]}
    assert outputs.ordered(job(dialect="native"))["model"] == "vocals", "the workflow's default is not stored"
    assert outputs.ordered(job(dialect="musicai", workflow="htdemucs"))["model"] == "htdemucs"


def test_results_without_an_object_have_no_link() -> None:
    made = (
        Output(name="vocals.wav", key="results/t/f/0123.wav", media_type="audio/wav"),
        Output(name="audio", key="results/t/f/audio.ogg", media_type="audio/ogg; codecs=opus"),
        Output(name="bpm", value="120"),
    )
    done = job(dialect="musicai", workflow="x", state=JobState.SUCCEEDED, outputs=made)
    told = [(r.name, r.format, r.media_type, r.link) for r in outputs.results(done, lambda o: f"https://{o.key}")]
    assert told == [
        ("vocals", "wav", "audio/wav", "https://results/t/f/0123.wav"),
        ("audio", "ogg", "audio/ogg", "https://results/t/f/audio.ogg"),
        ("bpm", "", "application/octet-stream", None),
    ]
    running = done.model_copy(update={"state": JobState.STARTED})
    assert list(outputs.results(running, lambda o: "https://x")) == []
    shown = legacy.job(done, lambda o: f"https://{o.key}", "https://source")
    schemas.Job.model_validate(shown)
    assert [made["name"] for made in shown["outputAssets"]] == ["vocals.wav", "audio.ogg", "bpm"]
