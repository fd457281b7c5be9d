import base64
import json
import os
import stat
from pathlib import Path

import pytest

from infra.twin.folder import AlreadyRunning, DataFolder
from infra.twin.launcher import Options, child_environment, vault_key
from infra.twin.outputs import api_id, find_output, read_outputs
from infra.twin.state import TwinState, clear_pid, read_state, write_state


def test_only_one_holds_a_folder(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    data.create()
    lock = data.lock()
    with pytest.raises(AlreadyRunning):
        data.lock()
    os.close(lock)
    os.close(data.lock())


def test_secret_is_made_once(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    assert len(data.secret()) >= 32
    assert data.secret() == data.secret()
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_state_is_plain_json_and_its_pid_goes(tmp_path: Path) -> None:
    path = tmp_path / "twin.json"
    clear_pid(path)
    assert read_state(path) is None
    write_state(path, TwinState(8484, "https://localhost:8484", "/ca.pem", "http://127.0.0.1:1", {"A": "b"}, pid=7))
    assert json.loads(path.read_text())["pid"] == 7
    clear_pid(path)
    state = read_state(path) or {}
    assert "pid" not in state
    assert state["outputs"] == {"A": "b"}
    path.write_text('{"version": 2}')
    assert read_state(path) is None


def test_outputs_are_found_under_their_name_however_decorated(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    assert read_outputs(path) == {}
    stacks = {"Data": {"MediaBucketName": "m", "ExportsOutputRefX": "no"}, "Api": {"FrontHttpApiId12AB34CD": "abc"}}
    path.write_text(json.dumps(stacks))
    outputs = read_outputs(path)
    assert outputs == {"MediaBucketName": "m", "FrontHttpApiId12AB34CD": "abc"}
    assert find_output(outputs, "MediaBucketName") == "m"
    assert find_output(outputs, "HttpApiId") == "abc"
    assert find_output(outputs, "Nothing") is None
    assert api_id(outputs) == "abc"
    assert api_id({"HttpApiUrl": "http://f00.execute-api.localhost:4566"}) == "f00"
    assert api_id({}) is None


def test_the_vaults_key_lasts_as_long_as_the_data_and_is_no_other_secret() -> None:
    assert vault_key("a") == vault_key("a") != vault_key("b")
    assert len(base64.b64decode(vault_key("a"))) == 32


def test_children_see_no_real_account(tmp_path: Path) -> None:
    given = {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "t",
        "PATH": "/bin",
        "PATCHBAY_STAGE": "prod",
        "PATCHBAY_MODELS": "m",
    }
    made = child_environment(Options(9000, tmp_path), "secret", 4566, given)
    assert "AWS_PROFILE" not in made
    assert "AWS_SESSION_TOKEN" not in made
    assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert made["PATCHBAY_STAGE"] == "twin"
    assert made["PATCHBAY_MODELS"] == "m"
    assert made["PATCHBAY_PUBLIC_URL"] == "https://localhost:9000"
    assert made["PATH"] == "/bin"
