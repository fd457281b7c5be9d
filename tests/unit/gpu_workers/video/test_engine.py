"""The video engine: pictures stay bit by bit, sound is where it belongs, whatever kind of file it is."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from gpu_workers.video import engine as video
from gpu_workers.video import remux
from patchbay.domain.errors import InvalidInput, TaskCancelled, UnusableAudio
from patchbay.domain.tasks import EngineInput, EngineOutput, EngineTask
from tests.unit.gpu_workers.video.films import (
    RATE_HZ,
    Film,
    click,
    clicks_s,
    flash_s,
    heard,
    make,
    pictures,
    shown_s,
    steady,
    tone,
    unsteady,
)

WITHIN_S = 0.010
FILMS = {
    "mp4 with b-frames": Film(),
    "mp4 of a telephone": Film(at=unsteady, rotated=90, channels=1),
    "mp4 that starts late": Film(starts_s=1.5, at=unsteady),
    "mp4 whose sound starts late": Film(sound_starts_s=0.7),
    "mp4 whose sound starts early": Film(starts_s=0.08, sound_starts_s=0.0),
    "mp4 without sound": Film(sound=None),
    "mov in hevc": Film(format="mov", picture="libx265"),
    "webm": Film(format="webm", picture="libvpx-vp9", sound="libopus"),
    "webm in vp8": Film(format="webm", picture="libvpx", sound="libopus", at=unsteady),
    "mkv with b-frames": Film(format="matroska", sound="libopus", at=unsteady),
    "mkv with aac that starts at ten": Film(format="matroska", starts_s=10.0),
}
QUICK = {"mp4 of a telephone", "webm", "mkv with aac that starts at ten"}
ENDINGS = {"mp4": "mp4", "mov": "mov", "webm": "webm", "matroska": "mkv"}


def run(
    folder: Path, film: Path, audio: Path, progress: Callable[[float], None] = lambda fraction: None, **params: Any
) -> list[EngineOutput]:
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    inputs = [EngineInput("video", film), EngineInput("audio", audio)]
    return list(video.create().run(EngineTask(inputs, params, work, progress)))


def made(outputs: list[EngineOutput]) -> Path:
    assert outputs[0].path is not None
    return outputs[0].path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The films, made when they are asked for."""
    folder = tmp_path_factory.mktemp("films")

    class Made(dict[str, Path]):
        def __missing__(self, name: str) -> Path:
            self[name] = make(folder / name.replace(" ", "-"), FILMS[name])
            return self[name]

    return Made()


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FILMS]
)
def test_a_clap(name: str, films: Mapping[str, Path], tmp_path: Path) -> None:
    """The film's own click stays with its flash, a new one comes when it should, the picture is copied."""
    film, flash = films[name], flash_s(films[name])
    outputs = run(tmp_path, film, click(tmp_path / "click", 0.25), offset_s=flash + 0.25, fade_out_s=0)
    result = made(outputs)
    assert result.suffix == f".{ENDINGS[FILMS[name].format]}"
    assert outputs[0].media_type.startswith("video/")
    assert flash_s(result) == pytest.approx(flash, abs=0.001)
    expected = [flash + 0.5] if FILMS[name].sound is None else [flash, flash + 0.5]
    assert clicks_s(result) == pytest.approx(expected, abs=WITHIN_S)
    assert pictures(result) == pictures(film)
    assert shown_s(result) == pytest.approx(shown_s(film), abs=0.001)
    length_s = shown_s(film)[-1] + 0.04
    assert outputs[1].value == pytest.approx(length_s, abs=0.1)
    assert heard(result).shape[1] / RATE_HZ == pytest.approx(outputs[1].value, abs=0.03)


def test_a_rotated_film_stays_rotated(films: Mapping[str, Path], tmp_path: Path) -> None:
    film = films["mp4 of a telephone"]
    result = made(run(tmp_path, film, click(tmp_path / "click", 0.5)))
    for path in (film, result):
        with av.open(str(path)) as container:
            assert next(container.decode(video=0)).rotation == 90


def cut(source: Path, target: Path, begin: int) -> Path:
    """A film whose edit list shows the pictures from number `begin` on: the muxer writes one for negative times."""
    with av.open(str(source)) as given, av.open(str(target), "w", format="mp4") as out:
        streams = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in given.streams}
        back_s = begin / 25
        for packet in given.demux():
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            back = round(back_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - back, packet.dts - back
            packet.stream = streams[packet.stream_index]
            out.mux(packet)
    return target


def test_a_film_cut_by_an_edit_list(films: Mapping[str, Path], tmp_path: Path) -> None:
    """Pictures before the cut are in the file, to be decoded and not to be shown."""
    film = cut(films["mp4 with b-frames"], tmp_path / "cut.mp4", 35)
    with av.open(str(film)) as container:
        assert any(packet.is_discard for packet in container.demux(video=0))
    flash = flash_s(film)
    assert flash == pytest.approx(2.0 - 35 / 25, abs=0.001)
    result = made(run(tmp_path, film, click(tmp_path / "click", 0.25), offset_s=flash - 0.25, keep_original=False))
    assert flash_s(result) == pytest.approx(flash, abs=0.001)
    assert shown_s(result) == pytest.approx(shown_s(film), abs=0.001)
    assert clicks_s(result) == pytest.approx([flash], abs=WITHIN_S)


def test_the_beginning_is_cut_off(films: Mapping[str, Path], tmp_path: Path) -> None:
    outputs = run(
        tmp_path, films["mp4 with b-frames"], click(tmp_path / "click", 0.8), offset_s=-0.3, keep_original=False
    )
    assert clicks_s(made(outputs)) == pytest.approx([0.5], abs=0.001)


def test_where_the_end_cuts_the_music_it_fades(films: Mapping[str, Path], tmp_path: Path) -> None:
    film, music = films["mp4 without sound"], tone(tmp_path / "tone", 20.0)
    samples = np.abs(heard(made(run(tmp_path, film, music, fade_out_s=1.0))))
    level = [float(samples[:, round(at * RATE_HZ) : round((at + 0.05) * RATE_HZ)].max()) for at in (2.0, 3.475, 3.94)]
    assert level[0] == pytest.approx(0.2, rel=0.1)
    assert level[1] == pytest.approx(0.1, rel=0.15)
    assert level[2] < 0.02


def test_nothing_is_clipped(films: Mapping[str, Path], tmp_path: Path) -> None:
    film = films["webm"]
    loud = run(tmp_path, film, tone(tmp_path / "tone", 3.0, level=0.8), gain=2.0, keep_original=False)
    assert loud[2].value == pytest.approx(20 * np.log10(1.6) + 1, abs=0.05)
    assert np.abs(heard(made(loud))).max() < 1.0


class TestHostile:
    """What is no film, or a broken one, is refused in words for its owner."""

    @pytest.mark.parametrize("broken", ["video", "audio"])
    def test_rubbish(self, broken: str, films: Mapping[str, Path], tmp_path: Path) -> None:
        (tmp_path / "bad").write_bytes(b"\0\0\0\x20ftypisom" + b"\xff" * 4000)
        good = {"video": films["webm"], "audio": click(tmp_path / "click", 0.5)}
        given = {**good, broken: tmp_path / "bad"}
        with pytest.raises(UnusableAudio) as caught:
            run(tmp_path, given["video"], given["audio"])
        assert str(tmp_path) not in str(caught.value)

    @pytest.mark.parametrize("name", ["mkv with b-frames", "webm"])
    def test_a_torn_film_gives_its_beginning(self, name: str, films: Mapping[str, Path], tmp_path: Path) -> None:
        data = films[name].read_bytes()
        (tmp_path / "torn").write_bytes(data[: len(data) * 2 // 3])
        result = made(run(tmp_path, tmp_path / "torn", tone(tmp_path / "tone", 1.0)))
        found = pictures(result)
        assert 10 < len(found) < 100
        assert found[:-1] == pictures(films[name])[: len(found) - 1]

    @pytest.mark.slow
    def test_flipped_bytes_end_in_a_film_or_in_words(self, films: Mapping[str, Path], tmp_path: Path) -> None:
        audio, chance = tone(tmp_path / "tone", 1.0), np.random.default_rng(5)
        for name in ("mp4 with b-frames", "mkv with b-frames"):
            data = np.frombuffer(films[name].read_bytes(), np.uint8)
            for _ in range(4):
                bad = data.copy()
                bad[chance.integers(0, bad.size, 12)] = chance.integers(0, 256, 12)
                (tmp_path / "bad").write_bytes(bad.tobytes())
                with suppress(UnusableAudio):  # anything else is a fault of ours
                    assert made(run(tmp_path, tmp_path / "bad", audio)).stat().st_size > 0

    def test_a_child_is_held_to_its_limits(self, films: Mapping[str, Path]) -> None:
        short = replace(remux.LIMITS, duration_s=3.0)
        with pytest.raises(UnusableAudio, match="longer than we take"):
            remux.look(films["webm"], lambda: None, short)
        slow = replace(remux.LIMITS, wall_s=0.01)
        with pytest.raises(UnusableAudio, match="too long"):
            remux.look(films["webm"], lambda: None, slow)

    def test_audio_outside_the_film(self, films: Mapping[str, Path], tmp_path: Path) -> None:
        audio = click(tmp_path / "click", 0.5)
        with pytest.raises(UnusableAudio, match="outside the video"):
            run(tmp_path, films["mp4 without sound"], audio, offset_s=4.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offset_s", float("nan")),
        ("offset_s", 1e9),
        ("gain", -1),
        ("gain", True),
        ("gain", 5.0),
        ("keep_original", 1),
        ("duck", "all"),
        ("duck_db", 61.0),
        ("attack_s", 0.0),
        ("release_s", "1"),
        ("fade_out_s", -0.1),
    ],
)
def test_wrong_parameters_are_named(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        run(tmp_path, tmp_path / "none", tmp_path / "none", **{name: value})
    assert caught.value.field == name


def test_two_inputs_are_needed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="video and audio"):
        video.create().run(EngineTask([EngineInput("video", tmp_path)], {}, tmp_path))


def test_progress_and_cancelling(films: Mapping[str, Path], tmp_path: Path) -> None:
    told: list[float] = []
    audio = tone(tmp_path / "tone", 4.0)
    run(tmp_path, films["webm"], audio, told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    for at in (0.0, 0.45, 0.6):

        def cancel(fraction: float, at: float = at) -> None:
            if fraction >= at:
                raise TaskCancelled("nobody wants it")

        with pytest.raises(TaskCancelled):
            run(tmp_path, films["webm"], audio, cancel)


@pytest.mark.slow
def test_the_same_task_gives_the_same_bytes(films: Mapping[str, Path], tmp_path: Path) -> None:
    audio = tone(tmp_path / "tone", 2.0)
    for name in ("mkv with b-frames", "webm"):
        one, two = (made(run(tmp_path, films[name], audio, duck="original")).read_bytes() for _ in range(2))
        assert one == two, name


def test_steady_and_unsteady_clocks_differ() -> None:
    """Or the films of this module would show nothing about clocks."""
    assert steady(3) != unsteady(3)
