import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog.models import FOUR_STEMS, GENERATORS, MODELS, PREFERENCE, SIX_STEMS, Shelf, get
from patchbay.domain.errors import InvalidInput, ModelUnavailable

BARE = Shelf(())
RESEARCH = Shelf(("htdemucs", "htdemucs_6s"), allow_research=True)


def test_every_entry_is_complete() -> None:
    for name, model in MODELS.items():
        assert model.name == name
        assert model.licence
        assert set(model.stems) <= set(SIX_STEMS)
        assert bool(model.stems) is (model.kind == "separation")
        assert (model.length_s is not None) is (model.kind == "generation")
        for file, digest in model.files.items():
            if digest is None:
                assert file.endswith((".safetensors", ".json")), "data alone"
                continue
            assert re.fullmatch(r"[0-9a-f]{64}", digest)
            if file.endswith(".th"):
                assert file.removesuffix(".th").split("-")[1] == digest[:8]
    assert set(PREFERENCE) == {name for name, model in MODELS.items() if model.kind == "separation"}
    assert set(GENERATORS) == {name for name, model in MODELS.items() if model.kind == "generation"}


def test_the_embedded_models_always_run() -> None:
    assert [m.name for m in BARE.served()] == ["patchbay-classic", "patchbay-small", "patchbay-composer"]
    assert [m.name for m in BARE.served("separation")] == ["patchbay-classic", "patchbay-small"]
    assert BARE.choose(FOUR_STEMS).name == "patchbay-small"
    assert BARE.choose_generator(melody=False).name == "patchbay-composer"
    for name in ("patchbay-classic", "patchbay-small"):
        assert BARE.check(name).commercial_use
    assert BARE.check("patchbay-composer", "generation").commercial_use


def test_a_model_of_another_kind_is_refused_with_those_of_the_kind() -> None:
    with pytest.raises(
        InvalidInput, match=r"for generation, not for separation; served here: patchbay-classic, patchbay-small$"
    ):
        BARE.check("patchbay-composer")
    with pytest.raises(InvalidInput, match=r"for separation, not for generation; served here: patchbay-composer$"):
        BARE.check("patchbay-classic", "generation")


def test_non_commercial_generators_need_the_operators_word() -> None:
    with pytest.raises(
        InvalidInput, match=r"'musicgen-small' is CC-BY-NC-4\.0; the operator has not allowed"
    ) as caught:
        Shelf(("musicgen-small",)).check("musicgen-small", "generation")
    assert str(caught.value).endswith("served here: patchbay-composer")
    allowed = Shelf(("musicgen-small",), allow_research=True)
    assert allowed.check("musicgen-small", "generation") is MODELS["musicgen-small"]


@given(shelf=st.builds(Shelf, st.lists(st.sampled_from(sorted(MODELS)), unique=True).map(tuple), st.booleans()))
def test_what_is_chosen_is_served_and_fits(shelf: Shelf) -> None:
    assert shelf.choose(FOUR_STEMS) in shelf.served("separation")
    assert shelf.choose_generator(melody=False) in shelf.served("generation")
    takers = [model for model in shelf.served("generation") if model.takes_melody]
    if takers:
        assert shelf.choose_generator(melody=True) in takers
    else:
        with pytest.raises(InvalidInput, match="follows a melody"):
            shelf.choose_generator(melody=True)


def test_research_weights_need_the_operators_word_and_the_files() -> None:
    with pytest.raises(InvalidInput, match="operator has not allowed") as caught:
        Shelf(("htdemucs",)).check("htdemucs")
    assert caught.value.field == "model"
    assert "patchbay-classic" in str(caught.value)
    with pytest.raises(InvalidInput, match="not installed"):
        Shelf((), allow_research=True).check("htdemucs")
    assert RESEARCH.check("htdemucs").name == "htdemucs"


def test_the_best_that_has_the_stems_is_chosen() -> None:
    assert RESEARCH.choose(FOUR_STEMS).name == "htdemucs"
    assert RESEARCH.choose(SIX_STEMS).name == "htdemucs_6s"
    with pytest.raises(InvalidInput, match="guitar"):
        BARE.choose(SIX_STEMS)


def test_unknown_models_are_named() -> None:
    with pytest.raises(InvalidInput, match="nosuch"):
        RESEARCH.check("nosuch")
    with pytest.raises(ModelUnavailable, match="nosuch"):
        get("nosuch")
