import re

import pytest

from patchbay.catalog.models import FOUR_STEMS, MODELS, PREFERENCE, SIX_STEMS, Shelf, get
from patchbay.domain.errors import InvalidInput, ModelUnavailable

BARE = Shelf(())
RESEARCH = Shelf(("htdemucs", "htdemucs_6s"), allow_research=True)


def test_every_entry_is_complete() -> None:
    for name, model in MODELS.items():
        assert model.name == name
        assert model.licence
        assert set(model.stems) <= set(SIX_STEMS)
        for file, digest in model.files.items():
            assert re.fullmatch(r"[0-9a-f]{64}", digest)
            if file.endswith(".th"):
                assert file.removesuffix(".th").split("-")[1] == digest[:8]
    assert set(PREFERENCE) == {name for name, model in MODELS.items() if model.engine == "separation"}


def test_the_embedded_model_always_runs() -> None:
    assert [m.name for m in BARE.served()] == ["patchbay-classic"]
    assert BARE.choose(FOUR_STEMS).name == "patchbay-classic"
    assert BARE.check("patchbay-classic").commercial_use


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
