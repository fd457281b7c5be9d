from pathlib import Path

import numpy as np
import pytest

from gpu_workers.audio.decode import decode
from gpu_workers.audio.encode import EncodeSettings, open_writer, vorbis_quality, write_wav
from gpu_workers.audio.metrics import si_sdr
from patchbay.domain.formats import FORMATS, MEDIA_TYPES, Format
from tests.unit.gpu_workers.audio.tones import tones

FRAMES = 2 * 48000 + 321
LEAST_DB = {"wav": 80, "flac": 80, "mp3": 40, "m4a": 30, "ogg": 30, "opus": 15}


def _encode(path: Path, format: Format, channels: int = 2, **more: int) -> None:  # noqa: A002
    samples = tones(FRAMES, 48000, channels)
    with open_writer(path, EncodeSettings(format, 48000, channels, FRAMES, **more)) as writer:
        for start in range(0, FRAMES, 10_007):
            writer.write(samples[:, start : start + 10_007])


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("format_", FORMATS)
def test_round_trip_keeps_length_place_and_sound(tmp_path: Path, format_: Format, channels: int) -> None:
    path = tmp_path / f"a.{format_}"
    _encode(path, format_, channels)
    decoded = decode(path, tmp_path / "d.f32")
    assert (decoded.frames, decoded.sample_rate_hz, decoded.channels) == (FRAMES, 48000, channels)
    assert si_sdr(tones(FRAMES, 48000, channels), decoded.read()) > LEAST_DB[format_]
    assert format_ in MEDIA_TYPES


@pytest.mark.parametrize("format_", ["wav", "flac", "mp3", "m4a", "opus"])
def test_same_samples_same_bytes(tmp_path: Path, format_: Format) -> None:
    _encode(tmp_path / "a", format_)
    _encode(tmp_path / "b", format_)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("format_", ["mp3", "m4a"])
def test_the_bit_rate_asked_for_is_the_one_given(tmp_path: Path, format_: Format) -> None:
    _encode(tmp_path / "a", format_, bitrate_kbps=128)
    kbps = (tmp_path / "a").stat().st_size * 8 / (FRAMES / 48000) / 1000
    assert 100 < kbps < 160


def test_vorbis_quality_grows_with_the_bit_rate() -> None:
    def quality(kbps: int | None) -> float:
        return vorbis_quality(EncodeSettings("ogg", 44100, 2, 1, bitrate_kbps=kbps))

    assert quality(None) == 0.6
    assert 0 <= quality(48) < quality(128) < quality(320) <= 1


def test_flac_of_24_bits_keeps_24_bits(tmp_path: Path) -> None:
    _encode(tmp_path / "a.flac", "flac", bit_depth=24)
    decoded = decode(tmp_path / "a.flac", tmp_path / "d.f32").read()
    np.testing.assert_allclose(decoded, tones(FRAMES, 48000), atol=1 / 2**23)


def test_long_vorbis_in_one_block_does_not_crash(tmp_path: Path) -> None:
    frames = 22050 * 200
    silence = np.zeros((1, frames), np.float32)
    with open_writer(tmp_path / "a.ogg", EncodeSettings("ogg", 22050, 1, frames)) as writer:
        writer.write(silence)
    assert decode(tmp_path / "a.ogg", tmp_path / "d.f32").frames == frames


def test_whole_arrays(tmp_path: Path) -> None:
    sound = tones(70_000)
    settings = EncodeSettings("wav", 44100, 2, sound.shape[1], bit_depth=32)
    with open_writer(tmp_path / "a.wav", settings) as writer:
        writer.write(sound[:, :50_000])
        writer.write(sound[:, 50_000:])
    write_wav(tmp_path / "b.wav", sound, 44100, 32)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
