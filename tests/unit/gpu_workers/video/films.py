"""Videos with a clap in them: one white picture, and a click at the same moment. And eyes and ears for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from gpu_workers.audio.encode import AV_SAMPLE_FORMATS, audio_frame, write_wav

RATE_HZ = 48_000
SIZE = (64, 48)
BLOCK = 960


def steady(number: int) -> float:
    """25 pictures a second."""
    return number * 0.04


def unsteady(number: int) -> float:
    """Pictures as a telephone takes them: now 30, now 16 a second."""
    return sum(0.033 if each % 3 else 0.061 for each in range(number))


@dataclass(frozen=True)
class Film:
    """What a video is to be."""

    format: str = "mp4"
    picture: str = "libx264"
    sound: str | None = "aac"
    clap_s: float = 2.0
    """When the clap is, from the first picture."""
    pictures: int = 100
    starts_s: float = 0.0
    """The first picture's time by the file's clock."""
    sound_starts_s: float | None = None
    """The sound's; with the picture's if left out."""
    at: Callable[[int], float] = steady
    b_frames: int = 2
    rotated: int = 0
    level: float = 0.0
    """Of a tone in the sound, all the way."""
    channels: int = 2
    options: dict[str, str] = field(default_factory=dict)


def make(path: Path, film: Film) -> Path:
    """Write a video."""
    with av.open(str(path), "w", format=film.format, options=dict(film.options)) as container:
        picture = _picture_stream(container, film)
        sound = _sound_stream(container, film)
        times = [film.at(number) for number in range(film.pictures)]
        clap = min(range(film.pictures), key=lambda number: abs(times[number] - film.clap_s))
        base = picture.codec_context.time_base
        assert base is not None
        for number, time_s in enumerate(times):
            shade = np.full((SIZE[1], SIZE[0], 3), 255 if number == clap else 0, np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = round((film.starts_s + time_s) / base), base
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        if sound is not None:
            _write_sound(container, sound, film, times[clap], times[-1] + 0.04)
    return path


def _picture_stream(container: OutputContainer, film: Film) -> VideoStream:
    fast = {"deadline": "realtime", "cpu-used": "8"} if "vpx" in film.picture else {"g": "25", "preset": "ultrafast"}
    if film.picture == "libx265":
        fast["x265-params"] = f"log-level=none:bframes={film.b_frames}"
    made = container.add_stream(film.picture, rate=25, options=fast)
    assert isinstance(made, VideoStream)
    made.width, made.height, made.pix_fmt = *SIZE, "yuv420p"
    made.codec_context.time_base = Fraction(1, 1000) if film.format in {"webm", "matroska"} else Fraction(1, 12_800)
    if "264" in film.picture:
        made.codec_context.max_b_frames = film.b_frames
    if film.rotated:
        made.set_display_rotation(film.rotated)
    return made


def _sound_stream(container: OutputContainer, film: Film) -> AudioStream | None:
    if film.sound is None:
        return None
    made = container.add_stream(film.sound, rate=RATE_HZ)
    assert isinstance(made, AudioStream)
    made.codec_context.layout = "stereo" if film.channels == 2 else "mono"
    made.codec_context.format = AV_SAMPLE_FORMATS[film.sound]
    return made


def _write_sound(container: OutputContainer, stream: AudioStream, film: Film, clap_s: float, end_s: float) -> None:
    starts_s = film.starts_s if film.sound_starts_s is None else film.sound_starts_s
    late_s = starts_s - film.starts_s
    frames = round((end_s - late_s) * RATE_HZ)
    samples = np.tile(film.level * np.sin(np.arange(frames) * 0.1), (film.channels, 1)).astype(np.float32)
    at = round((clap_s - late_s) * RATE_HZ)
    samples[:, max(at, 0) : at + 96] += 0.9 - film.level
    for start in range(0, frames, BLOCK):
        block = samples[:, start : start + BLOCK]
        position = round(starts_s * RATE_HZ) + start
        frame = audio_frame(block, AV_SAMPLE_FORMATS[str(film.sound)], RATE_HZ, position)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def click(path: Path, at_s: float, length_s: float = 1.0, level: float = 0.8) -> Path:
    """A WAV file with one click in it."""
    samples = np.zeros((2, round(length_s * RATE_HZ)), np.float32)
    start = round(at_s * RATE_HZ)
    samples[:, start : start + 96] = level
    write_wav(path, samples, RATE_HZ)
    return path


def tone(path: Path, length_s: float, level: float = 0.2) -> Path:
    """A WAV file of a sine."""
    sine = level * np.sin(np.arange(round(length_s * RATE_HZ)) * 0.2)
    write_wav(path, np.stack([sine, sine]).astype(np.float32), RATE_HZ)
    return path


def flash_s(path: Path) -> float:
    """When the white picture is shown, from the first picture."""
    with av.open(str(path)) as container:
        first = None
        for frame in container.decode(video=0):
            assert frame.time is not None
            first = frame.time if first is None else first
            if frame.to_ndarray(format="gray").mean() > 128:
                return frame.time - first
    raise AssertionError("there is no white picture")


def first_picture_s(path: Path) -> float:
    """When the first picture is shown, by the file's clock."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert frame.time is not None
        return frame.time


def heard(path: Path) -> npt.NDArray[np.float32]:
    """The sound (channels, frames), each sample at its time from the first picture."""
    zero_s, found = first_picture_s(path), np.zeros((2, 60 * RATE_HZ), np.float32)
    end = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            assert frame.time is not None
            data = frame.to_ndarray()
            data = data if frame.format.is_planar else data.reshape(-1, frame.layout.nb_channels).T
            assert frame.sample_rate == RATE_HZ
            at = round((frame.time - zero_s) * RATE_HZ)
            data, at = data[:, max(-at, 0) :], max(at, 0)
            found[:, at : at + data.shape[1]] = data
            end = max(end, at + data.shape[1])
    return found[:, :end]


def clicks_s(path: Path, level: float = 0.3) -> list[float]:
    """When clicks are heard, from the first picture."""
    loud = np.flatnonzero(np.abs(heard(path)).max(axis=0) > level)
    before = np.concatenate([[-RATE_HZ], loud[:-1]])[: loud.size]
    starts = loud[loud - before > RATE_HZ // 10]
    return [int(at) / RATE_HZ for at in starts]


def pictures(path: Path) -> list[bytes]:
    """The picture's packets as they are stored."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def shown_s(path: Path) -> list[float]:
    """When each picture is shown, from the first one on."""
    with av.open(str(path)) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    return [round(time - times[0], 6) for time in times]
