import shutil

import numpy as np
import pytest

from gpu_workers.separation.fitting.programs import SOUNDFONTS
from gpu_workers.separation.fitting.songs import GENERATORS, make

HERE = all(map(shutil.which, ("fluidsynth", "espeak-ng"))) and (SOUNDFONTS / "FluidR3_GM.sf2").exists()


def test_a_generator_has_to_be_known() -> None:
    with pytest.raises(ValueError, match="unknown"):
        make("unknown", 0)


def test_a_song_follows_from_its_number() -> None:
    first, again, another = (make("synthetic", seed, 1.0) for seed in (3, 3, 4))
    for name, stem in first.items():
        np.testing.assert_array_equal(stem, again[name])
        assert stem.shape == (2, 44100)
    assert not np.allclose(first["other"], another["other"])


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="needs fluidsynth, fluid-soundfont-gm and espeak-ng")
@pytest.mark.parametrize("generator", GENERATORS)
def test_every_generator_gives_stems(generator: str) -> None:
    first, again = make(generator, 1, 2.0), make(generator, 1, 2.0)
    assert set(first) == {"vocals", "drums", "bass", "other"}
    for name, stem in first.items():
        assert stem.shape == (2, 2 * 44100)
        np.testing.assert_array_equal(stem, again[name])
    assert sum(stem.any() for stem in first.values()) >= 3
