"""From the command line to a worker: arguments, surroundings, left-overs; the log."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpu_workers.runtime import shells, start
from gpu_workers.runtime.logs import JsonLines
from gpu_workers.runtime.timing import Timing


def test_a_setting_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = logging.getLogger().handlers[:]
    try:
        assert start.main(["--queue", "gpu"]) == 1
    finally:
        logging.getLogger().handlers[:] = kept
    assert "PATCHBAY_TABLE is not set" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_only_queued_classes_have_workers() -> None:
    with pytest.raises(SystemExit):
        start.main(["--queue", "light"])


def test_the_usual_times() -> None:
    timing = Timing()
    assert (timing.lease_s, timing.hold_s, timing.backoff_s) == (45.0, 48, 5)
    assert timing.keep_s == 10.0
    assert timing.wait_s < start.GRACE_S < 5


def test_left_overs_of_dead_workers_are_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    names = [f"patchbay-worker-{gone.pid}-a", f"patchbay-worker-{os.getpid()}-b", "patchbay-worker-x", "other"]
    for name in names:
        (tmp_path / name / "work").mkdir(parents=True)
    start._sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_cores_are_those_that_may_be_used() -> None:
    assert 1 <= start.usable_cores() <= (os.cpu_count() or 1)


def test_the_surroundings_show_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shells.find("auto", {}).name == "local"
    assert "job-7" in shells.find("auto", {"AWS_BATCH_JOB_ID": "job-7"}).worker_id()
    config, message = tmp_path / "config.json", tmp_path / "message"
    config.write_text("{}")
    monkeypatch.setattr(shells, "_SAGEMAKER_CONFIG", config)
    monkeypatch.setattr(shells, "SAGEMAKER_MESSAGE", message)
    shell = shells.find("auto", {})
    assert shell.name == "sagemaker"
    shell.tell("x" * 5000)
    assert len(message.read_bytes()) == 1024
    shells.find("local", {}).tell("nobody looks")


def test_worker_names_are_never_the_same() -> None:
    shell = shells.find("local", {})
    assert shell.worker_id() != shell.worker_id()


def test_the_log_is_one_json_object_a_line() -> None:
    record = logging.makeLogRecord(
        {"msg": "task %s", "args": ("over",), "levelname": "INFO", "job_id": "j", "seconds": 1.5}
    )
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record.exc_info = sys.exc_info()
    text = JsonLines().format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert (line["message"], line["level"], line["job_id"], line["seconds"]) == ("task over", "info", "j", 1.5)
    assert "ValueError" in line["error"]
    assert not {"args", "msg", "exc_info"} & line.keys()


def test_a_start_brings_in_nothing_heavy() -> None:
    code = "import sys, gpu_workers.runtime.start, gpu_workers.runtime.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "scipy", "demucs", "boto3"} & set(loaded)
