"""Between the Music.ai API's words and the core's."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from starlette.datastructures import Headers

from functions.dialects.musicai import mapping, schemas
from functions.dialects.musicai.routes import find_key
from patchbay.catalog import workflows
from patchbay.domain.errors import InvalidInput
from patchbay.domain.jobs import Job, JobState, Output
from patchbay.domain.users import Caller

CALLER = Caller(tenant_id="t", application_id="a", key_id="k")
NOW = datetime(2022, 12, 7, 19, 21, 42, 170999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "ours"),
    [
        ("sampleRateHz", "sample_rate_hz"),
        ("sample_rate_hz", "sample_rate_hz"),
        ("model", "model"),
        ("inputURL", "input_url"),
        ("not an identifier", "not an identifier"),
        ("a.b", "a.b"),
        ("", ""),
    ],
)
def test_parameter_names(sent: str, ours: str) -> None:
    given = schemas.JobOrder(name="n", workflow="w", params={sent: "x"})
    order, names = mapping.order(CALLER, given)
    assert {**order.params, **({"input_url": order.input_url} if order.input_url else {})} == {ours: "x"}
    assert names == {ours: sent}


@pytest.mark.parametrize(
    ("field", "theirs"),
    [
        ("workflow", "workflow"),
        ("metadata", "metadata"),
        ("params", "params"),
        ("params.sample_rate_hz", "params.sampleRateHz"),
        ("params.bit_depth", "params.bit_depth"),
        ("input", "params.inputUrl"),
        ("deliver_to.Kick drum", "copyResultsTo.Kick drum"),
        (None, None),
    ],
)
def test_fields_in_errors_are_the_clients(field: str | None, theirs: str | None) -> None:
    error = mapping.in_client_words(InvalidInput("no", field=field), {"bit_depth": "bit_depth"})
    assert (error.field, str(error)) == (theirs, "no")


def test_ids_of_workflows_are_stable_and_differ() -> None:
    ids = {mapping.workflow_id(slug) for slug in workflows.workflows()}
    assert len(ids) == len(workflows.workflows())
    # Clients keep these ids: a change here breaks them.
    assert mapping.workflow_id("stem-isolation-4") == "21882f4a-0358-5da9-af70-8918945fa880"


def test_slugs_that_clients_mean() -> None:
    by_id = mapping.workflow_id("audio-encoder")
    meant = ("audio-encoder", "music-ai/audio-encoder", "moises/audio-encoder", by_id)
    assert {mapping.slug(name) for name in meant} == {"audio-encoder"}
    assert mapping.slug("music-ai/music-ai/x") == "music-ai/x"
    assert mapping.slug("moises/music-ai/x") == "music-ai/x"
    assert mapping.slug("moises") == "moises"


def test_times() -> None:
    assert mapping.iso(NOW) == "2022-12-07T19:21:42.170Z"
    assert mapping.iso(NOW.replace(microsecond=0)) == "2022-12-07T19:21:42.000Z"
    assert mapping.iso(NOW.astimezone(timezone(timedelta(hours=2)))) == "2022-12-07T19:21:42.170Z"
    assert mapping.iso(None) is None


def test_results_mix_links_values_and_own_storage() -> None:
    outputs = (
        Output(name="vocals", key="results/t/f/vocals.wav"),
        Output(name="bpm", value="120"),
        Output(name="drums", key="results/t/f/drums.wav", delivered_to="example.com"),
    )
    job = Job(
        id="j",
        tenant_id="t",
        application_id="a",
        dialect="musicai",
        workflow="gone-from-the-catalogue",
        state=JobState.SUCCEEDED,
        outputs=outputs,
        created_at=NOW,
    )
    shown = mapping.job(job, "/api", "App", lambda output: f"https://x/{output.key}")
    assert shown["result"] == {
        "vocals": "https://x/results/t/f/vocals.wav",
        "bpm": "120",
        "drums": "[custom storage]",
    }
    assert shown["workflow"]["name"] == "gone-from-the-catalogue"
    schemas.Job.model_validate(shown)


@pytest.mark.parametrize(
    ("header", "key"),
    [("pb_x", "pb_x"), ("Bearer pb_x", "pb_x"), ("BEARER  pb_x ", "pb_x"), ("Bearer", "Bearer"), ("", "")],
)
def test_the_key(header: str, key: str) -> None:
    assert find_key(Headers({"authorization": header})) == key
    assert find_key(Headers({})) == ""
