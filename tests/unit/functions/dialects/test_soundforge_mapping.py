"""Models as SoundForge's clients are shown them."""

from functions.dialects.soundforge import mapping
from patchbay.catalog.models import PREFERENCE, Shelf


def test_models_of_our_own_come_the_best_first() -> None:
    shown = mapping.models(Shelf(()))
    own = [model["name"] for model in shown if model["name"] not in mapping.DEMUCS]
    assert own == sorted(own, key=PREFERENCE.index)
    assert own[0] == Shelf(()).choose(("vocals", "drums", "bass", "other")).name
    assert all(model["available"] for model in shown if model["name"] in own)
    assert [model["name"] for model in shown][: len(mapping.DEMUCS)] == list(mapping.DEMUCS)
