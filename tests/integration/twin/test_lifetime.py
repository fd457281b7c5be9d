import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.twin.conftest import Twin, alive, launch

pytestmark = [pytest.mark.twin, pytest.mark.enable_socket]


def refused(data: Path, port: int) -> str:
    process = launch(data, port)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert output == ""
    return errors


def test_second_twin_on_the_same_data_is_refused(twin: Twin) -> None:
    text = refused(twin.data, twin.port + 1)
    assert f"pid {twin.process.pid}" in text
    assert "--data" in text


def test_taken_port_is_named_with_the_way_out(twin: Twin, tmp_path: Path) -> None:
    text = refused(tmp_path / "other", twin.port)
    assert f"Port {twin.port}" in text
    assert "--port" in text


def test_killed_emulator_comes_back_with_all_but_the_last_two_seconds(twin: Twin) -> None:
    twin.put_item("before-the-kill")
    time.sleep(2)
    twin.emulator().kill()
    with twin.http() as client:
        assert client.get("/v1/x").status_code == 503
        deadline = time.monotonic() + 15
        while client.get("/v1/x").status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.1)
    assert twin.item_is_there("before-the-kill")


def test_stop_leaves_no_process_and_restart_finds_everything(twin: Twin) -> None:
    twin.put_item("before-the-stop")
    with twin.http() as client:
        assert client.put(twin.link("put_object", "kept"), content=b"kept").status_code == 200
    family = twin.family()
    assert len(family) > 2
    assert twin.stop() == 0
    assert alive(family) == []
    assert "pid" not in twin.state
    twin.start()
    assert twin.started_in_s < 8
    assert twin.item_is_there("before-the-stop")
    with twin.http() as client:
        got = client.get(twin.link("get_object", "kept"))
    assert got.content == b"kept"
    assert twin.item_is_there("reconciled")


def test_killed_twin_takes_its_children_along(twin: Twin) -> None:
    twin.put_item("before-the-end")
    time.sleep(2)
    family = twin.family()
    twin.stop(signal.SIGKILL)
    assert alive(family, within_s=10) == []
    twin.start()
    assert twin.item_is_there("before-the-end")


def test_interrupt_during_the_first_start_leaves_nothing(tmp_path: Path, port: int) -> None:
    process = launch(tmp_path / "data", port + 2)
    own = psutil.Process(process.pid)
    deadline = time.monotonic() + 20
    while len(own.children(recursive=True)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    family = [own, *own.children(recursive=True)]
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert output == ""
    assert alive(family) == []


def test_state_survives_on_another_emulator_port(deployed: Path, tmp_path: Path, port: int, twin: Twin) -> None:
    """What is stored names queues by the address of an earlier start."""
    twin.stop()
    data = tmp_path / "data"
    shutil.copytree(deployed, data)
    text = (data / "twin.json").read_text()
    (data / "twin.json").write_text(text.replace("emulator_endpoint", "forgotten"))
    moved = Twin(data, port).start()
    try:
        assert moved.state["emulator_endpoint"] not in moved.state["outputs"]["TaskQueueUrlCpu"]
        queue_url = moved.state["outputs"]["TaskQueueUrlCpu"]
        moved.aws("sqs").send_message(QueueUrl=queue_url, MessageBody="{}")
        # Its worker cannot read that, but it was started, so the queue was found.
        log = data / "logs" / "worker-cpu.log"
        deadline = time.monotonic() + 10
        while not log.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert log.exists()
    finally:
        moved.stop()
