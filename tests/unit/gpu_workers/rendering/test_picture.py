from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from gpu_workers.audio.files import AudioFile
from gpu_workers.rendering import overview, picture
from gpu_workers.rendering.overview import Overviews
from patchbay.domain.arrangement import Arrangement, Source, Track, placements
from tests.unit.gpu_workers.audio.tones import RATE_HZ, raw_file
from tests.unit.gpu_workers.rendering.sessions import clip, track


@pytest.fixture
def file(tmp_path: Path) -> AudioFile:
    samples = np.zeros((2, 2 * RATE_HZ), np.float32)
    samples[:, RATE_HZ:] = 0.25
    return raw_file(tmp_path / "noise.f32", samples)


def drawn(
    path: Path, file: AudioFile, *tracks: Track, end_s: float = 4.0, tempo_bpm: float = 60
) -> npt.NDArray[np.uint8]:
    session = Arrangement(tempo_bpm=tempo_bpm, tracks=tracks, sources=(Source(name="noise"),))
    picture.draw(session, placements(session, {"noise": 2.0}), {"noise": file}, (0.0, end_s), path)
    return np.asarray(Image.open(path).convert("RGB"))


def painted(image: npt.NDArray[np.uint8], colour: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (image == [int(colour[k : k + 2], 16) for k in (1, 3, 5)]).all(axis=2)
    return found


def test_a_clip_lies_where_it_plays_and_its_waveform_where_it_sounds(tmp_path: Path, file: AudioFile) -> None:
    image = drawn(tmp_path / "a.png", file, track("t", clip("a", start_beats=1)))
    assert image.shape[1] == picture.WIDTH_PX
    own = painted(image, picture._COLOURS[0])
    left, right = (picture._LEFT_PX + picture._PANEL_PX * share for share in (0.25, 0.75))
    columns = np.flatnonzero(own.any(axis=0))
    assert abs(columns[0] - left) <= 2
    assert abs(columns[-1] - right) <= 2
    heights = own.sum(axis=0)
    assert heights[int(left) + 5 : int(left) + 100].max() < 8
    assert heights[int(right) - 100 : int(right) - 5].min() > 30


def test_reversed_it_sounds_first(tmp_path: Path, file: AudioFile) -> None:
    image = drawn(tmp_path / "a.png", file, track("t", clip("a", reversed=True)))
    heights = painted(image, picture._COLOURS[0]).sum(axis=0)
    assert heights[picture._LEFT_PX + 50] > 30
    assert heights[picture._LEFT_PX + picture._PANEL_PX // 2 - 50] < 8


def test_what_is_not_heard_is_grey(tmp_path: Path, file: AudioFile) -> None:
    image = drawn(tmp_path / "a.png", file, track("t", clip("a", muted=True)), track("u", clip("b"), muted=True))
    assert painted(image, picture._MUTED).any()
    assert not any(painted(image, colour).any() for colour in picture._COLOURS)


def test_the_same_gives_the_same_bytes(tmp_path: Path, file: AudioFile) -> None:
    for name in ("a.png", "b.png"):
        drawn(tmp_path / name, file, track("t", clip("a"), loop_every=2, name="$x$ \u4e2d \n " + "long " * 30))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("count", [0, 1, 40, 128])
def test_any_number_of_tracks_has_room(tmp_path: Path, file: AudioFile, count: int) -> None:
    image = drawn(tmp_path / "a.png", file, *(track(str(n), clip(str(n), start_beats=n % 3)) for n in range(count)))
    assert 200 <= image.shape[0] <= 2400
    for number in range(min(count, len(picture._COLOURS))):
        assert painted(image, picture._COLOURS[number]).any()


@pytest.mark.parametrize(("end_s", "tempo_bpm"), [(0.001, 20), (6 * 3600.0, 999)])
def test_extremes(tmp_path: Path, file: AudioFile, end_s: float, tempo_bpm: float) -> None:
    assert drawn(tmp_path / "a.png", file, track("t", clip("a")), end_s=end_s, tempo_bpm=tempo_bpm).any()


def test_of_long_sources_only_some_is_looked_at(
    tmp_path: Path, file: AudioFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = np.linspace(0, 1.9, 20)
    whole = Overviews({"noise": file}, lambda: None).heights("noise", starts, 0.1)
    assert whole.tolist() == [0.0] * 10 + [1.0] * 10
    monkeypatch.setattr(overview, "_MOST_WINDOWS", 100)
    beats: list[int] = []
    some = Overviews({"noise": file}, lambda: beats.append(1)).heights("noise", starts, 0.1)
    np.testing.assert_array_equal(some, whole)
    assert beats
    assert Overviews({}, lambda: None).heights("noise", starts, 0.1).tolist() == [0.0] * 20
