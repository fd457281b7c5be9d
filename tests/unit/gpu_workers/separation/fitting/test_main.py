import json
from pathlib import Path

import numpy as np
import pytest

from gpu_workers.separation.cues import CUES
from gpu_workers.separation.fitting import __main__ as program
from gpu_workers.separation.fitting import programs
from gpu_workers.separation.fitting.fit import Settings
from gpu_workers.separation.fitting.points import STEMS, Points


def test_the_table_is_written_short_and_whole() -> None:
    settings = Settings(bands_hz=(100, 1000))
    table = np.random.default_rng(0).standard_normal((2, len(STEMS), len(CUES))).astype(np.float32)
    text = program.written(np.round(table, 3), settings)
    read = json.loads(text)
    assert read["stems"] == list(STEMS)
    assert read["cues"] == list(CUES)
    assert read["bands_hz"] == [100, 1000]
    np.testing.assert_allclose(read["table"], table, atol=6e-4)
    assert max(len(str(c)) for band in read["table"] for rule in band for c in rule) <= 6


def test_the_table_in_use_is_one_that_the_program_writes() -> None:
    text = program.TABLE.read_text()
    read = json.loads(text)
    settings = Settings()
    assert read["bands_hz"] == list(settings.bands_hz)
    assert text == program.written(np.array(read["table"], np.float32), settings)


def test_every_fourth_song_is_held_out() -> None:
    none = np.zeros(0, np.float32)
    points = [Points(none.astype(np.float16), none, none, none) for _ in range(8)]
    train, held = program.split({"a": points, "b": points[:5]})
    assert [id(p) for p in held["a"]] == [id(points[i]) for i in (0, 4)]
    assert [id(p) for p in train["a"]] == [id(points[i]) for i in (1, 2, 3, 5, 6, 7)]
    assert (len(train["b"]), len(held["b"])) == (3, 2)


def test_a_missing_program_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program.main(["--out", str(tmp_path / "a.json")]) == 1
    assert "apt-get install fluidsynth" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()
    assert programs.SOUNDFONTS.is_absolute()
