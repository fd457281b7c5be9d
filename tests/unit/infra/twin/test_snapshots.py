import base64
from pathlib import Path
from typing import Any

import pytest

from infra.twin.snapshots import LARGE_BYTES, SnapshotFile


def encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    raise TypeError


def decode(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["bytes"]) if "bytes" in value else value


@pytest.fixture
def file(tmp_path: Path) -> SnapshotFile:
    return SnapshotFile(tmp_path, encode, decode)


def test_gives_back_what_was_written(file: SnapshotFile) -> None:
    state = {"s3": {"a": [1, None, "\u00fc"]}, "lambda": {"small": b"\x00\xff", "large": b"x" * LARGE_BYTES}}
    file.write(state)
    assert file.read() == state
    assert file.path.stat().st_size < LARGE_BYTES


def test_nothing_before_the_first(file: SnapshotFile) -> None:
    assert file.read() == {}


def test_equal_state_is_not_written_again(file: SnapshotFile) -> None:
    digest = file.write({"a": 1})
    before = file.path.stat().st_ino
    assert file.write({"a": 1}, unless=digest) == digest
    assert file.path.stat().st_ino == before
    assert file.write({"a": 2}, unless=digest) != digest
    assert file.read() == {"a": 2}


def test_failed_write_leaves_the_last_one(file: SnapshotFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write({"a": 1})
    with pytest.raises(TypeError):
        file.write({"a": object()})

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        file.write({"a": 2})
    assert file.read() == {"a": 1}
    assert [path.name for path in file.path.parent.iterdir()] == ["snapshot.json"]


def test_damaged_file_is_set_aside(file: SnapshotFile) -> None:
    file.write({"a": 1})
    file.path.write_bytes(file.path.read_bytes()[:-1])
    assert file.read() == {}
    assert file.path.with_suffix(".damaged").exists()


def test_prune_keeps_what_the_snapshot_names(file: SnapshotFile, tmp_path: Path) -> None:
    code = "a" * 64
    file.write({"old": b"o" * LARGE_BYTES})
    file.write({"new": b"n" * LARGE_BYTES, "code": {"code_blob_ref": code}})
    elsewhere = tmp_path / "lambda-blobs"
    elsewhere.mkdir()
    for name in (f"{code}.zip", f"{'b' * 64}.zip"):
        (elsewhere / name).touch()
    assert len(list(file.blobs.iterdir())) == 2
    file.prune(elsewhere)
    assert len(list(file.blobs.iterdir())) == 1
    assert [path.name for path in elsewhere.iterdir()] == [f"{code}.zip"]
    assert file.read()["new"] == b"n" * LARGE_BYTES
