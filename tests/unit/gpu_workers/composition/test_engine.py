import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from gpu_workers.audio.decode import decode
from gpu_workers.composition.engine import SOUND_VARIABLE, create
from patchbay.catalog.composition import MAX_SECTIONS, PARTS
from patchbay.domain.errors import InvalidInput, TaskCancelled
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles
from tests.unit.gpu_workers.composition.test_order import step

LOUD = {"genre": "electronic", "duration_s": 6.0, "bpm": 160, "formats": ["wav"]}
HALVES = [{"emotion": "calm", "start_s": 0, "length_s": 3}, {"emotion": "energetic", "start_s": 3, "length_s": 3}]


def run(work: Path, **params: Any) -> dict[str, EngineOutput]:
    work.mkdir(exist_ok=True)
    engine = create()
    engine.load(ModelFiles("composition", ""))
    return {output.name: output for output in engine.run(EngineTask([], step(**params)[0], work))}


def audio(output: EngineOutput) -> npt.NDArray[np.float64]:
    assert output.path is not None
    found, rate_hz = soundfile.read(output.path, dtype="float64")
    assert rate_hz == 44_100
    samples: npt.NDArray[np.float64] = found.T
    return samples


def test_a_piece_with_its_stems(tmp_path: Path) -> None:
    made = run(tmp_path / "w", **LOUD, sections=HALVES, stems=True)
    mix = audio(made["track.wav"])
    assert mix.shape == (2, 6 * 44_100)
    stems = [audio(made[f"stem-{part}.wav"]) for part in PARTS]
    assert sum(bool(np.abs(stem).max() > 0.01) for stem in stems) >= 3
    assert max(float(np.abs(stem).max()) for stem in stems) < 10 ** (-1 / 20)
    residue = np.sqrt(np.mean((sum(stems) - mix) ** 2) / np.mean(mix**2))
    assert 20 * np.log10(residue) < -90
    assert sorted(path.name for path in (tmp_path / "w").iterdir()) == sorted(
        o.path.name for o in made.values() if o.path
    )
    told = json.loads((tmp_path / "w" / "composition.json").read_text())
    assert told["lufs"] == pytest.approx(-14, abs=0.6)
    assert told["tempo_bpm"] == pytest.approx(160, rel=0.1) == made["bpm"].value
    assert (told["key"], told["instruments"]) == (made["key"].value, made["instruments"].value)
    assert (tmp_path / "w" / "score.mid").read_bytes().startswith(b"MThd")
    assert (tmp_path / "w" / "pianoroll.png").read_bytes().startswith(b"\x89PNG")


def test_versions_are_told_even_where_they_are_not_played(tmp_path: Path) -> None:
    made = run(tmp_path / "w", **LOUD, sections=HALVES, versions=4)
    assert [len(version) for version in made["instruments"].value] == [2, 2, 2, 2]
    assert len({json.dumps(version) for version in made["instruments"].value}) > 1
    assert not any(name.startswith("section") for name in made)


@pytest.mark.slow
def test_versions_cut_into_sections(tmp_path: Path) -> None:
    wishes: dict[str, Any] = {**LOUD, "sections": HALVES, "versions": 2, "sections_audio": True, "section_stems": True}
    made = run(tmp_path / "w", **wishes, choice=[0, 1])
    assert tuple(made) == step(**wishes, choice=[0, 1])[1]
    heard = []
    for place in ("0-0", "0-1", "1-0", "1-1"):
        for kind in ("section", "preview"):
            path = made[f"{kind}-{place}.mp3"].path
            assert path is not None
            assert decode(path, tmp_path / f"{kind}{place}.f32").duration_s == pytest.approx(3, abs=0.06)
        heard.append(decode(made[f"section-{place}.mp3"].path or Path(), tmp_path / "one.f32").read())
        stems = [decode(made[f"stem-{place}-{p}.mp3"].path or Path(), tmp_path / f"{p}.f32").read() for p in PARTS]
        residue = np.sqrt(np.mean((sum(stems) - heard[-1]) ** 2) / np.mean(heard[-1] ** 2))
        assert 20 * np.log10(residue) < -20  # of five lossy files
    assert np.abs(heard[1] - heard[3]).max() > 0.1
    track = audio(made["track.wav"])[:, 4410 : 2 * 44_100]
    assert np.abs(track - heard[0][:, 4410 : 2 * 44_100]).max() < np.abs(track - heard[2][:, 4410 : 2 * 44_100]).max()


def test_a_preview_of_a_long_section_is_its_faded_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu_workers.composition.engine._PREVIEW_S", 1.5)
    made = run(tmp_path / "w", **LOUD, sections_audio=True)
    found = decode(made["preview-0-0.mp3"].path or Path(), tmp_path / "d.f32").read()
    assert found.shape[1] == pytest.approx(1.5 * 44_100, abs=2500)
    last = int(1.5 * 44_100)
    early, late = found[:, last // 3 : last // 2], found[:, last - 4000 : last]
    assert np.sqrt(np.mean(late**2)) < 0.3 * np.sqrt(np.mean(early**2))


@pytest.mark.parametrize(
    "broken", [{"include": ["kazoo"]}, {"duration_s": 1.0}, {"key": "H minor"}, {"versions": "x"}, {"genre": "polka"}]
)
def test_wishes_that_cannot_be_met_are_the_orders_fault(broken: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        create().run(EngineTask([], {**step(**LOUD)[0], **broken}, tmp_path))


def test_cancelling_leaves_no_scratch(tmp_path: Path) -> None:
    def cancel(share: float) -> None:
        if share > 0.2:
            raise TaskCancelled("nobody wants it")

    with pytest.raises(TaskCancelled):
        create().run(EngineTask([], step(**LOUD)[0], tmp_path, cancel))
    assert not (tmp_path / "scratch").exists()


def test_the_sound_is_chosen_by_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOUND_VARIABLE, "tape")
    with pytest.raises(ValueError, match="own, fluid"):
        create()
    monkeypatch.setenv(SOUND_VARIABLE, "fluid")
    create()


@pytest.mark.slow
def test_as_many_sections_as_there_can_be(tmp_path: Path) -> None:
    emotions = ("calm", "energetic", "sad", "happy")
    sections = [{"emotion": emotions[n % 4], "start_s": float(n), "length_s": 1.0} for n in range(MAX_SECTIONS)]
    made = run(tmp_path / "w", **{**LOUD, "duration_s": float(MAX_SECTIONS)}, sections=sections)
    assert audio(made["track.wav"]).shape == (2, MAX_SECTIONS * 44_100)
    told = json.loads((tmp_path / "w" / "composition.json").read_text())
    assert [section["emotion"] for section in told["sections"]] == [section["emotion"] for section in sections]
    starts = [section["start_s"] for section in told["sections"]]
    assert starts == sorted(set(starts)), "every section has its place"
    assert len(made["instruments"].value[0]) == MAX_SECTIONS
    assert (tmp_path / "w" / "pianoroll.png").stat().st_size > 10_000
