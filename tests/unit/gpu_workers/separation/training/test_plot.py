from pathlib import Path

import pytest

from gpu_workers.separation.training.plot import draw

ENTRY = {"cpu_s": 1.0, "loss": -3.0, "median_db": 1.0}


@pytest.mark.filterwarnings("error")
def test_a_training_is_drawn_whatever_was_measured(tmp_path: Path) -> None:
    history = [
        {"step": 100, "mean_db": 2.0, "worse": 0.1, "vocals_db": 1.0, **ENTRY},
        {"step": 150, **ENTRY},
        {"step": 200, "mean_db": 4.0, "worse": 0.05, "vocals_db": 3.0, "bass_db": 5.0, **ENTRY},
    ]
    draw(history, tmp_path / "a.png")
    draw([], tmp_path / "b.png")
    assert (tmp_path / "a.png").stat().st_size > (tmp_path / "b.png").stat().st_size > 1000
