import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from gpu_workers.separation.fitting.programs import MissingProgramError
from gpu_workers.separation.training.data import __main__ as command
from gpu_workers.separation.training.data import pool, songs
from gpu_workers.separation.training.data.plans import RATE_HZ, random_plan
from gpu_workers.separation.training.data.pool import PoolError, build, entries, read

OWN = tuple(songs.NEEDS)


def tones(number: int, seconds: float = 1.0) -> songs.Song:
    """A song of four sines, quickly made."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tracks = [
        songs.Track(stem, f"sine {n}", (0.1 * (n + 1) * np.sin(2 * np.pi * (100 * (n + 1) + number) * t)).astype("f4"))
        for n, stem in enumerate(("vocals", "drums", "bass", "other"))
    ]
    beside = np.stack([tracks[3].sound, tracks[0].sound])
    tracks.append(songs.Track("other", "beside", beside))
    plan = random_plan(np.random.default_rng(number), seconds)
    return songs.Song(number, songs.is_held(number), plan, "tones", tracks)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Songs of sines instead of rendered ones; gives the list of those made."""
    made: list[int] = []

    def make(seed: int, number: int, *, without: object = (), seconds: float = 1.0) -> songs.Song:
        made.append(number)
        return tones(number, seconds)

    monkeypatch.setattr(songs, "make", make)
    return made


def nothing(share: float, line: str) -> None:
    """Nobody asked for progress."""


def ten(folder: Path, seconds: float = 1.0) -> None:
    build(folder, seed=1, hours=10 * seconds / 3600, progress=nothing, without=OWN, seconds=seconds)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "pool.json").write_text("{}")
    song = tones(3)
    pool.write(tmp_path, song)
    (entry,) = entries(tmp_path)
    assert (entry.number, entry.genre, entry.tonic) == (3, "tones", song.plan.tonic)
    assert entry.tempo_bpm == pytest.approx(60 / song.plan.beat_s)
    for track, kept in zip(song.tracks, entry.tracks, strict=True):
        sound = read(tmp_path, entry, kept, 0, entry.frames)
        np.testing.assert_allclose(sound, np.atleast_2d(track.sound), atol=np.abs(track.sound).max() / 60_000)
        assert (kept.stem, kept.source) == (track.stem, track.source)
    assert entry.tracks[0].rms == pytest.approx(0.1 / np.sqrt(2), rel=0.01)


def test_two_equal_sides_are_kept_once(tmp_path: Path) -> None:
    song = tones(0)
    sides = np.stack([song.tracks[0].sound] * 2)
    doubled = songs.Song(0, False, song.plan, "tones", [songs.Track("vocals", "both", sides)])
    entry = pool.write(tmp_path, doubled)
    assert entry.tracks[0].channels == 1
    assert (tmp_path / "000000.i16").stat().st_size == 2 * RATE_HZ


@pytest.mark.parametrize(
    ("start", "frames"), [(-50, 100), (RATE_HZ - 30, 100), (0, 2 * RATE_HZ), (500, 7), (99_999, 5)]
)
def test_beyond_the_ends_there_is_silence(tmp_path: Path, start: int, frames: int) -> None:
    entry = pool.write(tmp_path, tones(1))
    whole = read(tmp_path, entry, entry.tracks[4], 0, RATE_HZ)
    found = read(tmp_path, entry, entry.tracks[4], start, frames)
    padded = np.zeros((2, frames), np.float32)
    first, last = max(start, 0), min(start + frames, RATE_HZ)
    if first < last:
        padded[:, first - start : last - start] = whole[:, first:last]
    np.testing.assert_array_equal(found, padded)


def test_a_pool_is_built_once_and_goes_on_where_it_stopped(tmp_path: Path, quick: list[int]) -> None:
    ten(tmp_path)
    assert quick == list(range(10))
    (tmp_path / "000004.json").unlink()
    build(tmp_path, seed=1, hours=12 / 3600, progress=nothing, without=OWN, seconds=1.0)
    assert quick[10:] == [4, 10, 11]
    assert [entry.number for entry in entries(tmp_path)] == list(range(12))
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob("*.lock"))


def test_progress_ends_at_the_whole(tmp_path: Path, quick: list[int]) -> None:
    told: list[float] = []
    build(tmp_path, seed=1, hours=5 / 3600, progress=lambda share, line: told.append(share), without=OWN, seconds=1.0)
    assert told == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_a_song_that_another_process_makes_is_left_to_it(tmp_path: Path, quick: list[int]) -> None:
    with pool._alone(tmp_path, 2) as mine:
        assert mine
        ten(tmp_path)
    assert 2 not in quick
    ten(tmp_path)
    assert quick.count(2) == 1


def test_two_at_once_share_the_work(tmp_path: Path, quick: list[int]) -> None:
    threads = [threading.Thread(target=ten, args=(tmp_path,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(quick)) == list(range(10))
    assert len(entries(tmp_path)) == 10


def test_both_kinds_of_songs_lie_in_a_pool_apart(tmp_path: Path, quick: list[int]) -> None:
    ten(tmp_path)
    assert [entry.number for entry in entries(tmp_path) if entry.held] == [7]


@pytest.mark.slow
def test_killed_in_the_middle_a_pool_can_be_used_and_finished(tmp_path: Path) -> None:
    """A process that renders is killed outright as soon as two songs are there."""
    run = [sys.executable, "-m", "gpu_workers.separation.training.data", "--pool", str(tmp_path), "--hours", "1"]
    without = [part for name in OWN for part in ("--without", name)]
    process = subprocess.Popen([*run, *without], stdout=subprocess.DEVNULL)
    try:
        until_s = time.monotonic() + 90
        while len(list(tmp_path.glob("*.json"))) < 2 and time.monotonic() < until_s:
            time.sleep(0.02)
        time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    found = entries(tmp_path)
    assert found
    for entry in found:
        for track in entry.tracks:
            assert np.isfinite(read(tmp_path, entry, track, 0, 1000)).all()
    with pool._alone(tmp_path, len(found)) as mine:
        assert mine  # the lock went with the process


def test_a_folder_of_other_songs_is_refused(tmp_path: Path, quick: list[int]) -> None:
    ten(tmp_path)
    with pytest.raises(PoolError, match="holds other songs"):
        build(tmp_path, seed=2, hours=0.01, progress=nothing, without=OWN, seconds=1.0)
    with pytest.raises(PoolError, match="holds other songs"):
        ten(tmp_path, seconds=2.0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"without": ["flutes"]}, "without: no source flutes"), ({"hours": 0.0}, "hours"), ({"hours": 1e9}, "hours"),
     ({"seconds": 0.0}, "songs of 0 s")],
)  # fmt: skip
def test_bad_settings_are_told(tmp_path: Path, changed: dict[str, object], told: str) -> None:
    settings: dict[str, object] = {"seed": 1, "hours": 0.001, "progress": nothing, "without": OWN, "seconds": 1.0}
    with pytest.raises(PoolError, match=told):
        build(tmp_path, **{**settings, **changed})  # type: ignore[arg-type]


def test_no_pool_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match=r"python -m gpu_workers\.separation\.training\.data"):
        entries(tmp_path)


def test_an_unknown_stem_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "pool.json").write_text("{}")
    pool.write(tmp_path, tones(0))
    path = tmp_path / "000000.json"
    fields = json.loads(path.read_text())
    fields["tracks"][0]["stem"] = "kazoo"
    path.write_text(json.dumps(fields))
    with pytest.raises(PoolError, match=r"000000\.json: tracks"):
        entries(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"number": 1, "tracks": []}', '{"tracks": [{"stem": "bass"}]}'])
def test_a_damaged_entry_is_told_with_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "pool.json").write_text("{}")
    (tmp_path / "000003.json").write_text(content)
    with pytest.raises(PoolError, match=r"000003\.json is not what a pool writes"):
        entries(tmp_path)


def test_a_file_that_was_cut_is_told(tmp_path: Path) -> None:
    entry = pool.write(tmp_path, tones(0))
    path = tmp_path / "000000.i16"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(PoolError, match=r"000000\.i16 ends early"):
        read(tmp_path, entry, entry.tracks[0], 0, RATE_HZ)


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path, quick: list[int]) -> None:
    ten(tmp_path)
    (tmp_path / "000002.json").unlink()
    (tmp_path / "000002.i16.4242.part").write_bytes(b"half")
    ten(tmp_path)
    assert not list(tmp_path.glob("*.part"))
    assert len(entries(tmp_path)) == 10


def test_the_level_of_a_track_is_that_of_where_it_is_heard() -> None:
    sound = np.zeros((1, 10 * RATE_HZ), np.float32)
    sound[0, : 2 * RATE_HZ] = 0.5
    assert pool._heard_rms(sound) == pytest.approx(0.5, rel=1e-5)
    assert pool._heard_rms(np.zeros((2, RATE_HZ), np.float32)) == 0.0
    assert pool._heard_rms(np.full((1, 100), 0.25, np.float32)) == pytest.approx(0.25)


def missing() -> None:
    raise MissingProgramError("espeak-ng is missing: apt-get install espeak-ng")


def test_the_command_says_what_is_missing_and_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, quick: list[int]
) -> None:
    monkeypatch.setattr(songs, "NEEDS", {"espeak": missing})
    arguments = ["--pool", str(tmp_path / "pool"), "--hours", "0.01"]
    assert command.main(arguments) == 1
    told = capsys.readouterr().err
    assert "apt-get install espeak-ng" in told
    assert "--without espeak" in told
    assert not quick
    assert command.main([*arguments, "--without", "espeak"]) == 0
    assert len(quick) == round(36 / songs.SECONDS)
    assert "100.0%" in capsys.readouterr().out


def test_the_command_refuses_another_pools_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, quick: list[int]
) -> None:
    absent = [word for name in ("espeak", "pico", "soundfonts") for word in ("--without", name)]
    arguments = ["--pool", str(tmp_path), "--hours", "0.01", *absent]
    assert command.main(arguments) == 0
    assert command.main([*arguments, "--seed", "5"]) == 1
    assert "holds other songs" in capsys.readouterr().err
