"""The engine that has songs separated elsewhere, over a service without a network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from gpu_workers.elsewhere.engine import ElsewhereEngine, Patience, _Work
from patchbay.domain.errands import FarState, SendAgain, StemsGone
from patchbay.domain.errors import (
    InvalidInput,
    NotConfigured,
    TaskCancelled,
    TaskReturned,
    UnusableAudio,
    VendorFailed,
    VendorRefused,
)
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask
from tests.fakes.errand import SHARES, FakeErrand

RATE_HZ = 22050
FOUR = ("vocals", "drums", "bass", "other")
SOON = Patience(looks_s=(0.0,), pauses_s=(0.0, 0.0), unknown_s=0.0)
BUSY = VendorFailed("busy")


def write(path: Path, samples: np.ndarray[Any, Any], subtype: str = "FLOAT") -> None:
    soundfile.write(path, samples, RATE_HZ, format="WAV", subtype=subtype)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path, at = tmp_path / "input-0", np.arange(RATE_HZ)
    write(path, np.stack([0.9 * np.sin(at / 9), 0.5 * np.sin(at / 23)], 1))
    return path


@pytest.fixture
def do(song: Path, tmp_path: Path) -> Callable[..., list[EngineOutput]]:
    def run(errand: FakeErrand | None, **told: Any) -> list[EngineOutput]:
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        progress = told.pop("progress", lambda fraction: None)
        source = told.pop("source", song)
        params = {"stems": ["vocals", "accompaniment"], "sample_format": "wav32f", **told}
        task = EngineTask([EngineInput("input", source)], params, work, progress, errand)
        return list(ElsewhereEngine(SOON).run(task))

    return run


def read(output: EngineOutput) -> np.ndarray[Any, Any]:
    assert output.path is not None
    samples, rate_hz = soundfile.read(output.path, dtype="float64", always_2d=True)
    assert rate_hz == RATE_HZ
    return np.asarray(samples)


@pytest.mark.parametrize(
    "stems", [FOUR, ("vocals", "accompaniment"), ("vocals", "drums", "bass", "other", "guitar", "piano")]
)
def test_stems_are_what_came_and_add_up_to_the_song(do: Any, song: Path, stems: tuple[str, ...]) -> None:
    errand = FakeErrand()
    made = do(errand, stems=list(stems))
    assert [output.name for output in made] == list(stems)
    mixture = soundfile.read(song, always_2d=True)[0]
    assert np.abs(sum(read(output) for output in made) - mixture).max() < 1e-6
    for output in made:
        if output.name in SHARES:
            assert np.abs(read(output) - SHARES[output.name] * mixture).max() < 1e-6
    assert errand.said[:3] == ["send", "begin", "look"]
    assert errand.said.count("fetch") == len(stems) + ("guitar" in stems)


def test_only_results_stay_in_the_folder(do: Any, tmp_path: Path) -> None:
    do(FakeErrand())
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["accompaniment.wav", "vocals.wav"]


@pytest.mark.parametrize(("sample_format", "subtype"), [("wav16", "PCM_16"), ("wav24", "PCM_24")])
def test_peaks_over_full_scale_turn_all_down_alike(do: Any, sample_format: str, subtype: str) -> None:
    errand = FakeErrand()
    errand.stem = lambda path: write(path, np.full((RATE_HZ, 2), 0.5 if len(errand.said) % 2 else 2.0))
    made = do(errand, sample_format=sample_format)
    peaks = {round(float(np.abs(read(output)).max()), 3) for output in made}
    assert peaks == {1.0, 0.25}
    assert {soundfile.info(output.path).subtype for output in made} == {subtype}


@pytest.mark.parametrize("frames", [RATE_HZ - 700, RATE_HZ + 700])
def test_stems_are_as_long_as_the_song_whatever_encoders_pad(do: Any, frames: int) -> None:
    errand = FakeErrand()
    errand.stem = lambda path: write(path, np.full((frames, 2), 0.25))
    for output in do(errand):
        samples = read(output)
        assert len(samples) == RATE_HZ
        assert np.all(samples[: min(frames, RATE_HZ)] == 0.25)
        assert not samples[frames:].any()


@pytest.mark.parametrize(
    ("stem", "words"),
    [(lambda path: path.write_bytes(b"<html>"), "cannot be read"),
     (lambda path: path.write_bytes(b""), "cannot be read"),
     (lambda path: write(path, np.zeros((3 * RATE_HZ, 2))), "3.0 s of a song of 1.0 s")],
)  # fmt: skip
def test_a_stem_that_is_none_is_told(do: Any, stem: Callable[[Path], None], words: str) -> None:
    errand = FakeErrand()
    errand.stem = stem
    with pytest.raises(VendorRefused, match=words):
        do(errand)
    assert errand.said[-1] == "forget", "who orders again has it separated again"


def test_stems_have_the_songs_channels(do: Any, tmp_path: Path) -> None:
    source, errand = tmp_path / "mono", FakeErrand()
    write(source, np.full(RATE_HZ, 0.5))
    errand.stem = lambda path: write(path, np.stack([np.full(RATE_HZ, 0.1), np.full(RATE_HZ, 0.3)], 1))
    for output in do(errand, source=source):
        assert np.abs(read(output) - 0.2).max() < 1e-6
        assert read(output).shape == (RATE_HZ, 1)


def test_what_is_no_audio_is_not_sent(do: Any, tmp_path: Path) -> None:
    source, errand = tmp_path / "text", FakeErrand()
    source.write_bytes(b"no audio" * 100)
    with pytest.raises(UnusableAudio):
        do(errand, source=source)
    assert errand.said == []


@pytest.mark.parametrize(
    "stems", [[], ["vocals"], ["vocals", "drums"], ["other", "accompaniment"], ["other", "other"], 7]
)
def test_stems_that_cannot_be(do: Any, stems: object) -> None:
    errand = FakeErrand()
    with pytest.raises(InvalidInput, match="stems"):
        do(errand, stems=stems)
    assert errand.said == []


def test_a_worker_that_cannot_send_says_so(do: Any) -> None:
    with pytest.raises(NotConfigured):
        do(None)


def test_trouble_that_passes_is_waited_for(do: Any) -> None:
    errand = FakeErrand(failing={name: [BUSY, BUSY] for name in ("send", "begin", "look", "fetch")})
    assert len(do(errand)) == 2
    assert [errand.said.count(name) for name in ("send", "begin", "look", "fetch", "forget")] == [3, 3, 3, 4, 0]


@pytest.mark.parametrize("name", ["begin", "look"])
def test_what_is_to_be_sent_again_is_sent_at_once(do: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """There is nothing to wait for: the file of an earlier try is gone, or what was begun is not known."""
    monkeypatch.setattr(_Work, "_wait", lambda *_: pytest.fail("it waits"))
    gone = SendAgain("not known any more")
    errand = FakeErrand(failing={name: [gone, gone]})
    assert len(do(errand)) == 2
    assert [errand.said.count(each) for each in ("send", "forget")] == [3, 0]
    errand = FakeErrand(failing={name: [gone] * 3})
    with pytest.raises(SendAgain):
        do(errand)
    assert errand.said.count("send") == 3, "another try goes on"


def test_stems_that_are_not_where_they_were_are_asked_for_again(do: Any) -> None:
    errand = FakeErrand(failing={"fetch": [StemsGone("gone")]})
    assert len(do(errand)) == 2
    assert [errand.said.count(name) for name in ("begin", "look", "fetch", "forget")] == [1, 2, 3, 0]


def test_stems_that_are_gone_end_it_for_good(do: Any) -> None:
    """Else every order of a day would find the same task done, and the same files gone."""
    errand = FakeErrand(failing={"fetch": [StemsGone("gone")] * 2})
    with pytest.raises(StemsGone, match="gone"):
        do(errand)
    assert errand.said[-1] == "forget"
    assert errand.said.count("fetch") == 2


@pytest.mark.parametrize("name", ["send", "begin", "look", "fetch"])
class TestTrouble:
    def test_what_stays_is_left_to_another_try_which_goes_on(self, do: Any, name: str) -> None:
        errand = FakeErrand(failing={name: [BUSY] * 3})
        with pytest.raises(VendorFailed):
            do(errand)
        assert errand.said.count(name) == 3
        assert not {"forget", "call_off"} & set(errand.said)

    def test_a_refusal_ends_it(self, do: Any, name: str) -> None:
        errand = FakeErrand(failing={name: [VendorRefused("no minutes left")]})
        with pytest.raises(VendorRefused, match="no minutes left"):
            do(errand)
        assert errand.said.count(name) == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [(FarState("failed", reason="no vocals"), "could not separate it: no vocals"),
     (FarState("cancelled"), "cancelled at LALAL.AI"), (FarState("unknown", reason="who?"), r"any more \(who\?\)")],
)  # fmt: skip
def test_an_end_without_stems_is_told_and_forgotten(do: Any, state: FarState, words: str) -> None:
    errand = FakeErrand([FarState("working", 0.3), state])
    with pytest.raises(VendorRefused, match=words):
        do(errand)
    assert errand.said[-1] == "forget"


def test_a_task_that_is_unknown_for_a_moment_is_waited_for(song: Path, tmp_path: Path) -> None:
    errand = FakeErrand([FarState("unknown"), FarState("working", 0.5), FarState("unknown")])
    task = EngineTask([EngineInput("input", song)], {"stems": list(FOUR)}, tmp_path, errand=errand)
    assert len(ElsewhereEngine(Patience(looks_s=(0.0,), unknown_s=1e9)).run(task)) == 4


def test_progress_follows_theirs(do: Any) -> None:
    told: list[float] = []
    do(FakeErrand([FarState("working", share) for share in (0.0, 0.5, 0.2, 0.9)]), progress=told.append)
    assert told == sorted(told)
    assert 0.15 + 0.65 * 0.5 in told
    assert told[-1] == 1.0


@pytest.mark.parametrize("at", [0.0, 0.02, 0.15, 0.4, 0.8, 0.97])
def test_who_is_not_wanted_any_more_calls_it_off(do: Any, at: float) -> None:
    def cancel(fraction: float) -> None:
        if fraction >= at:
            raise TaskCancelled("nobody waits")

    errand = FakeErrand([FarState("working", 0.5)])
    with pytest.raises(TaskCancelled):
        do(errand, progress=cancel)
    assert errand.said[-1] == "call_off"


def test_a_machine_that_goes_away_leaves_it_running(do: Any) -> None:
    def leave(fraction: float) -> None:
        if fraction >= 0.4:
            raise TaskReturned("going away")

    errand = FakeErrand([FarState("working", 0.5)])
    with pytest.raises(TaskReturned):
        do(errand, progress=leave)
    assert not {"call_off", "forget"} & set(errand.said)
