"""Bodies of the Beatoven API in the core's words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.dialects.beatoven import schemas, wishes
from gpu_workers.composition.compose import compose as compose_score
from gpu_workers.composition.order import Order
from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.domain.errors import InvalidInput
from patchbay.domain.tracks import Track
from patchbay.domain.users import Caller
from tests.unit.patchbay.catalog.prompts.table import PROMPTS

WHO = Caller(tenant_id="t", application_id="a", key_id="k")


def create(**given: Any) -> dict[str, Any]:
    return dict(wishes.create(WHO, schemas.TrackOrder(**given)).params)


def compose(base: dict[str, Any], request: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    track = Track(
        id="x", tenant_id="t", application_id="a", params=base, request=request or {}, created_at=datetime.now(UTC)
    )
    return dict(wishes.compose(WHO, track, schemas.TrackOrder(**given)).params)


def test_a_prompt_gives_every_wish() -> None:
    made = create(prompt="a 40 second sad piano piece in D minor at 70 bpm, no drums, then happy")
    assert (made["duration_s"], made["key"], made["bpm"], made["include"]) == (40.0, "D minor", 70.0, ["piano"])
    assert "kit_acoustic" in made["exclude"]
    assert [one["emotion"] for one in made["sections"]] == ["sad", "happy"]
    assert [one["length_s"] for one in made["sections"]] == [20.0, 20.0]


def test_a_tempo_replaces_beats_per_minute() -> None:
    base = create(prompt="pop at 128 bpm")
    assert base["bpm"] == 128.0
    assert "bpm" not in compose(base, tempo="slow")
    assert "bpm" not in compose(base, prompt="slow")
    assert compose(base, prompt="with a flute")["bpm"] == 128.0
    assert compose(base, prompt="fast, 150 bpm")["bpm"] == 150.0
    assert "bpm" not in create(prompt="pop at 128 bpm", tempo="fast")


def test_what_a_prompt_asks_for_is_no_longer_refused() -> None:
    base = create(prompt="pop without strings or piano, with a harp")
    changed = compose(base, prompt="with strings, no harp")
    assert changed["include"] == ["strings"]
    assert not {"strings"} & set(changed["exclude"])
    assert "harp" in changed["exclude"]


def test_a_tempo_that_nobody_asked_for_follows_what_is_composed() -> None:
    base = create(genre="pop", prompt="sad")
    assert base["tempo"] == "slow"
    assert compose(base, {"tempo": None}, genre="rnb")["tempo"] == "medium", "slow would be blocked"
    assert compose(base, {"tempo": "slow"}, genre="rnb")["tempo"] == "slow"


def test_a_genre_goes_with_the_mood_if_none_is_told() -> None:
    assert create(prompt="joyful")["genre"] == "pop"
    assert create(prompt="dreamy")["genre"] == "ambient"
    assert create(prompt="scary")["genre"] == "cinematic"
    section = schemas.SectionOrder(emotion="energetic", start=0, length=20000)
    assert create(sections=[section])["genre"] == "electronic"


@pytest.mark.parametrize("given", [None, "", []])
def test_a_title_is_made_if_none_is_sent(given: Any) -> None:
    params = {"genre": "pop", "sections": [{"emotion": "happy"}]}
    assert wishes.title(given, None, params) == "Happy pop track"
    assert wishes.title(given, "a prompt", params) == "a prompt"
    assert wishes.title(["a", 1], None, params) == '["a", 1]'
    assert len(wishes.title("x" * 999, None, params)) == 200


@pytest.mark.parametrize(
    ("core", "theirs"),
    [
        ("params.sections.1.start_s", "sections.1.start"),
        ("params.duration_s", "duration_ms"),
        ("params.exclude", "prompt"),
        ("title", "title"),
    ],
)
def test_errors_are_in_the_clients_words(core: str, theirs: str) -> None:
    assert wishes.in_client_words(InvalidInput("x", field=core)).field == theirs


@pytest.mark.parametrize("prompt", [prompt for prompt, _ in PROMPTS], ids=lambda prompt: prompt[:40])
def test_what_a_prompt_asks_for_is_what_is_played(prompt: str) -> None:
    made = create(prompt=prompt)
    workflow = workflows.get("compose")
    (step,) = workflow.plan(workflow.parse(made), Shelf(()))
    played = {part.instrument for part in compose_score(Order.from_params(step.params).track).parts}
    assert set(made["include"]) <= played
    assert not set(made["exclude"]) & played
