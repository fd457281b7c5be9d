"""The command from its first step to weights that load, on tones."""

import json
from functools import partial
from pathlib import Path

import pytest

from gpu_workers.separation.small import load_small
from gpu_workers.separation.training.__main__ import main
from gpu_workers.separation.training.feed import Source
from tests.unit.gpu_workers.separation.small_models import Tones

pytestmark = pytest.mark.slow


def tones(pool: Path, seed: int, *, held_out: bool = False) -> Source:
    return Tones(frames=7 * 1024)


def run(*arguments: object) -> int:
    return main([str(part) for part in arguments], opens=partial(tones))


def test_trains_goes_on_and_exports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, package = tmp_path / "out", tmp_path / "package"
    package.mkdir()
    given = ("--pool", tmp_path, "--out", out, "--size", 1, "--every", 2)
    assert run(*given, "--steps", 2) == 0
    assert run(*given, "--steps", 3) == 0
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in log] == [2, 3]
    assert {"mean_db", "median_db", "worse", "vocals_db", "loss", "cpu_s"} <= set(log[0])
    assert (out / "held-out.png").read_bytes().startswith(b"\x89PNG")

    capsys.readouterr()
    assert run("--out", out, "--export", package) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"small.safetensors", "small.json"}
    load_small(package)
    assert json.loads((package / "small.json").read_text())["trained"]["steps"] == 3

    assert run(*given[:3], tmp_path / "second", "--steps", 0, "--start-from", package / "small.safetensors") == 0


def test_nothing_trained_is_nothing_to_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--out", tmp_path, "--export", tmp_path) == 1
    assert "nothing is trained yet" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_pool_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--out", tmp_path)
    assert "--pool is needed" in capsys.readouterr().err
