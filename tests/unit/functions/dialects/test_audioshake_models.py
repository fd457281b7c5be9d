"""AudioShake's model names, and what does their work here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dialects.audioshake import models
from functions.dialects.audioshake.models import DETECTION, STEMS, Wish
from patchbay.catalog import workflows
from patchbay.catalog.models import MODELS, Shelf
from patchbay.catalog.workflows import single_stem
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import FORMATS
from tests.support.audioshake import with_detection

CLASSIC = Shelf(())
FOUR = ("vocals", "instrumental", "drums", "bass", "other")
shelves = st.builds(
    Shelf, st.lists(st.sampled_from(sorted(MODELS)), unique=True).map(tuple), allow_research=st.booleans()
)
wishes = st.builds(
    Wish,
    st.sampled_from([*STEMS, DETECTION, *models.NOT_SERVED]) | st.text(max_size=5),
    st.lists(st.sampled_from([*FORMATS, "json", "x"]), min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.none() | st.sampled_from(["high_quality", "x"]),
)


def test_what_is_served_follows_from_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    only = {name: found for name, found in workflows.workflows().items() if name != models.DETECTION_WORKFLOW}
    monkeypatch.setattr(workflows, "workflows", lambda: only)
    assert models.served(CLASSIC) == FOUR
    assert models.served(Shelf(("htdemucs_6s",), allow_research=True)) == (*FOUR, "guitar", "piano")
    assert models.served(Shelf(("htdemucs_6s",))) == FOUR, "installed, but its licence is not allowed"


def test_detection_is_served_if_the_catalogue_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    there = with_detection()
    monkeypatch.setattr(workflows, "workflows", lambda: there)
    assert models.served(CLASSIC)[-1] == DETECTION
    models.check(Wish(DETECTION, ("json",)), CLASSIC)
    assert models.work([Wish(DETECTION, ("json",))], CLASSIC) == [("music-detection", {})]


def test_names_that_are_not_served_are_not_served() -> None:
    assert not {*STEMS, DETECTION} & set(models.NOT_SERVED)
    with pytest.raises(InvalidInput, match="'dialogue' is not served here; served here: vocals") as told:
        models.check(Wish("dialogue", ("wav",)), CLASSIC)
    assert told.value.field == "model"


@given(asked=st.lists(wishes, min_size=1, max_size=20), shelf=shelves)
def test_whatever_passes_the_check_can_be_planned(asked: list[Wish], shelf: Shelf) -> None:
    faults = {wish: _fault(wish, shelf) for wish in asked}
    assert set(faults.values()) <= {None, "model", "formats", "variant"}
    fine = [wish for wish in asked if faults[wish] is None]
    shared: dict[str, set[tuple[str, ...]]] = {}
    for wish, (slug, params) in zip(fine, models.work(fine, shelf), strict=True):
        workflow = workflows.get(slug)
        steps = workflow.plan(workflow.parse(params), shelf)
        if slug != single_stem.WORKFLOW.slug:
            continue
        shared.setdefault(steps[0].model, set()).add(steps[0].outputs)
        made = [name for step in steps if step.reported for name in step.outputs]
        named = {models.output_name(wish.model, name.rpartition(".")[0]) for name in made}
        assert named == ({wish.model, f"{wish.model}_residual"} if wish.residual else {wish.model})
        assert len(made) == len(wish.formats) * len(named)
    assert all(len(orders) == 1 for orders in shared.values()), "one separation for each engine's model"


@pytest.mark.parametrize(
    ("model", "ours", "theirs"),
    [
        ("instrumental", "accompaniment", "instrumental"),
        ("instrumental", "vocals", "instrumental_residual"),
        ("vocals", "accompaniment", "vocals_residual"),
        ("bass", "no_bass", "bass_residual"),
        ("bass", "drums", "drums"),
        ("music_detection", "music_detection", "music_detection"),
        ("stem-isolation-4", "vocals", "vocals"),
    ],
)
def test_names_of_outputs(model: str, ours: str, theirs: str) -> None:
    assert models.output_name(model, ours) == theirs


def test_stems_and_models_are_one_to_one() -> None:
    assert {models.model_of(stem): stem for stem in STEMS.values()} == STEMS
    assert models.model_of("kazoo") == "kazoo"


def _fault(wish: Wish, shelf: Shelf) -> str | None:
    """The field at fault, None for a wish that can be done."""
    try:
        models.check(wish, shelf)
    except InvalidInput as error:
        return error.field or "no field"
    return None
