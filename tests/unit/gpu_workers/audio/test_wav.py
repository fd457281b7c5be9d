import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.wav import WavWriter, quantize, wav_header
from tests.unit.gpu_workers.audio.tones import tones


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_other_readers_read_it(tmp_path: Path, bits: int) -> None:
    samples, path = tones(1001), tmp_path / "a.wav"
    with WavWriter(path, 44100, 2, bits, 1001) as writer:
        writer.write(samples[:, :400])
        writer.write(samples[:, 400:])
    data, rate = soundfile.read(path, dtype="float64")
    assert rate == 44100
    np.testing.assert_allclose(data.T, samples, atol=0 if bits == 32 else 0.5001 / 2 ** (bits - 1))


def test_16_bits_are_the_plainest_of_wav_files(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav", 44100, 1, 16, 3) as writer:
        writer.write(np.array([[0.0, 1.0, -1.0]], np.float32))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert struct.unpack("<3h", file.readframes(3)) == (0, 32767, -32768)
    assert (tmp_path / "a.wav").stat().st_size == 44 + 6


def test_over_4_gb_it_is_rf64() -> None:
    frames = 2**31
    header = wav_header(44100, 2, 16, frames)
    assert header[:4] == b"RF64"
    assert header[12:16] == b"ds64"
    riff_bytes, data_bytes, samples = struct.unpack("<QQQ", header[20:44])
    assert (data_bytes, samples) == (frames * 4, frames)
    assert riff_bytes == len(header) + data_bytes - 8
    assert header[-8:] == b"data\xff\xff\xff\xff"


def test_riff_length_is_that_of_the_file() -> None:
    for bits in (16, 24, 32):
        header = wav_header(44100, 2, bits, 100)
        assert struct.unpack("<I", header[4:8])[0] == len(header) + 100 * bits // 4 - 8


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_decoded_16_bits_are_written_again_unchanged(values: list[int]) -> None:
    floats = (np.array(values) / 32768).astype(np.float32)
    np.testing.assert_array_equal(quantize(floats, 16), values)


def test_over_full_scale_is_clipped() -> None:
    np.testing.assert_array_equal(quantize(np.array([7.0, -7.0], np.float32), 24), [2**23 - 1, -(2**23)])


def test_the_announced_length_is_a_promise(tmp_path: Path) -> None:
    block = np.zeros((2, 5), np.float32)
    with pytest.raises(ValueError, match="announced"), WavWriter(tmp_path / "a.wav", 44100, 2, 16, 6) as writer:
        writer.write(block)
    with pytest.raises(ValueError, match="left"), WavWriter(tmp_path / "a.wav", 44100, 2, 16, 4) as writer:
        writer.write(block)
    with pytest.raises(ValueError, match="bits"):
        WavWriter(tmp_path / "a.wav", 44100, 2, 8, 4)
