import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gpu_workers.audio.decode import DecodeLimits, decode
from gpu_workers.audio.metrics import si_sdr
from patchbay.domain.errors import TaskCancelled, UnusableAudio
from tests.unit.gpu_workers.audio.tones import RATE_HZ, sound_file, tones

SECONDS = 3


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "decoded.f32"


class TestFormats:
    @pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "caf", "au"])
    def test_lossless_formats_come_back_exactly(self, tmp_path: Path, target: Path, suffix: str) -> None:
        samples = (np.rint(tones(SECONDS * RATE_HZ + 17) * 32768) / 32768).astype(np.float32)
        source = sound_file(tmp_path / f"in.{suffix}", samples, subtype="PCM_16")
        np.testing.assert_array_equal(decode(source, target).read(), samples)

    @pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
    def test_every_sample_type_of_wav_keeps_its_scale(self, tmp_path: Path, target: Path, subtype: str) -> None:
        samples = tones(RATE_HZ)
        decoded = decode(sound_file(tmp_path / "in.wav", samples, subtype=subtype), target).read()
        np.testing.assert_allclose(decoded, samples, atol=1 / 64 if subtype == "PCM_U8" else 1e-6)

    @pytest.mark.parametrize("suffix", ["mp3", "ogg"])
    def test_lossy_formats_keep_length_and_place(self, tmp_path: Path, target: Path, suffix: str) -> None:
        samples = tones(SECONDS * RATE_HZ + 17)
        decoded = decode(sound_file(tmp_path / f"in.{suffix}", samples), target)
        assert decoded.frames == samples.shape[1]
        assert si_sdr(samples, decoded.read()) > 30

    def test_rate_and_channels_are_the_uploads_own_unless_asked(self, tmp_path: Path, target: Path) -> None:
        decoded = decode(sound_file(tmp_path / "in.wav", tones(800, 8000, 1), 8000), target)
        assert (decoded.sample_rate_hz, decoded.channels, decoded.frames) == (8000, 1, 800)


class TestConversion:
    @pytest.mark.parametrize(("rate_hz", "frames"), [(8000, 8001), (48000, 12345), (96000, 9600), (44100, 1)])
    def test_resampling_gives_the_exact_number_of_frames(
        self, tmp_path: Path, target: Path, rate_hz: int, frames: int
    ) -> None:
        source = sound_file(tmp_path / "in.wav", tones(frames, rate_hz), rate_hz)
        decoded = decode(source, target, sample_rate_hz=RATE_HZ)
        assert decoded.frames == round(frames * RATE_HZ / rate_hz)
        assert target.stat().st_size == decoded.frames * 2 * 4

    def test_resampling_is_clean(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.wav", tones(96000, 48000), 48000, "FLOAT")
        decoded = decode(source, target, sample_rate_hz=RATE_HZ).read()
        inner = slice(2000, -2000)
        assert si_sdr(tones(decoded.shape[1])[:, inner], decoded[:, inner]) > 90

    def test_mono_is_doubled_and_surround_folded(self, tmp_path: Path, target: Path) -> None:
        mono = decode(sound_file(tmp_path / "m.wav", tones(100, channels=1)), target, channels=2).read()
        np.testing.assert_array_equal(mono[0], mono[1])
        surround = np.zeros((6, 100), np.float32)
        surround[0], surround[3] = 0.5, 0.5  # front left, low-frequency
        folded = decode(sound_file(tmp_path / "s.wav", surround), target, channels=2).read()
        assert folded[0].min() > 0.1
        assert not folded[1].any()

    def test_the_rate_is_the_nearest_allowed_one(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.wav", tones(960, 96000), 96000)
        assert decode(source, target, allowed_rates_hz=(44100, 48000)).sample_rate_hz == 48000
        assert decode(source, target, allowed_rates_hz=(48000, 96000)).sample_rate_hz == 96000

    def test_what_is_no_number_becomes_silence_and_the_rest_stays_in_range(self, tmp_path: Path, target: Path) -> None:
        samples = np.array([[np.nan, np.inf, -np.inf, 1e30, 0.25]], np.float32)
        decoded = decode(sound_file(tmp_path / "in.wav", samples, subtype="FLOAT"), target).read()
        np.testing.assert_array_equal(decoded, [[0.0, 0.0, 0.0, 8.0, 0.25]])


class TestDamage:
    def test_a_damaged_mp3_keeps_nearly_all(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.mp3", tones(20 * RATE_HZ))
        data = bytearray(source.read_bytes())
        for at in np.random.default_rng(0).integers(5000, len(data) - 5000, 5):
            data[at : at + 40] = bytes(40)
        source.write_bytes(data)
        decoded = decode(source, target)
        assert abs(decoded.frames / (20 * RATE_HZ) - 1) < 0.02

    def test_an_mp3_that_starts_within_a_frame_is_still_found(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.mp3", tones(5 * RATE_HZ))
        source.write_bytes(source.read_bytes()[1001:])
        assert decode(source, target).duration_s > 4.5

    def test_a_wav_cut_short_keeps_what_is_there(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.wav", tones(RATE_HZ))
        source.write_bytes(source.read_bytes()[: 44 + 4 * 1000])
        assert decode(source, target).frames == 1000

    @pytest.mark.parametrize("data_bytes", [0, 400])
    def test_a_header_may_claim_what_it_likes(self, tmp_path: Path, target: Path, data_bytes: int) -> None:
        ds64 = struct.pack("<4sIQQQI", b"ds64", 28, 1 << 36, 1 << 36, 1 << 34, 0)
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, RATE_HZ, RATE_HZ * 4, 4, 16)
        head = b"RF64\xff\xff\xff\xffWAVE" + ds64 + form + b"data\xff\xff\xff\xff"
        source = tmp_path / "in.wav"
        source.write_bytes(head + bytes(data_bytes))
        if data_bytes:
            assert decode(source, target).frames == data_bytes // 4
        else:
            with pytest.raises(UnusableAudio):
                decode(source, target)


def _playlist(path: Path, victim: Path) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{victim}\n#EXT-X-ENDLIST\n".encode()


def _concat(path: Path, victim: Path) -> bytes:
    return f"ffconcat version 1.0\nfile '{victim}'\n".encode()


def _picture(path: Path, victim: Path) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(500)


def _nothing(path: Path, victim: Path) -> bytes:
    return b""


def _text(path: Path, victim: Path) -> bytes:
    return b"This is not audio. " * 5000


def _cut_m4a(path: Path, victim: Path) -> bytes:
    return b"\0\0\0\x1cftypM4A \0\0\2\0M4A isomiso2" + b"\0\1\0\0mdat" + bytes(5000)


class TestRefusal:
    @pytest.mark.parametrize("make", [_playlist, _concat, _picture, _nothing, _text, _cut_m4a])
    def test_what_is_not_audio_is_refused_and_names_of_files_in_it_never_followed(
        self, tmp_path: Path, target: Path, make: Callable[[Path, Path], bytes]
    ) -> None:
        victim = sound_file(tmp_path / "victim.wav", tones(RATE_HZ))
        source = tmp_path / "in.bin"
        source.write_bytes(make(source, victim))
        with pytest.raises(UnusableAudio):
            decode(source, target)
        assert not target.exists()

    def test_rubbish_under_every_known_head_is_refused_or_survived(self, tmp_path: Path, target: Path) -> None:
        rng = np.random.default_rng(1)
        source = tmp_path / "in.bin"
        heads = (
            b"RIFF\xff\xff\xff\xffWAVE",
            b"fLaC",
            b"OggS\0\2",
            b"\x1a\x45\xdf\xa3",
            b"ID3\4\0\0\0\0\0\x0a",
            b"caff\0\1",
        )
        for head in heads:
            source.write_bytes(head + rng.bytes(20_000))
            with pytest.raises(UnusableAudio):
                decode(source, target)

    def test_missing_file_is_unusable(self, tmp_path: Path, target: Path) -> None:
        with pytest.raises(UnusableAudio):
            decode(tmp_path / "none.wav", target)


class TestLimits:
    def test_a_small_file_that_decodes_to_hours_is_stopped(self, tmp_path: Path, target: Path) -> None:
        source = tmp_path / "in.flac"
        with soundfile.SoundFile(source, "w", 8000, 1, "PCM_16", format="FLAC") as file:
            for _ in range(60):
                file.write(np.zeros(8000 * 10, np.int16))
        assert source.stat().st_size < 100_000
        for limits in (DecodeLimits(duration_s=60.0), DecodeLimits(samples=8000 * 60)):
            with pytest.raises(UnusableAudio, match="longer"):
                decode(source, target, limits=limits)
            assert not target.exists()

    @pytest.mark.slow
    def test_memory_does_not_depend_on_length(self, tmp_path: Path, target: Path) -> None:
        source = tmp_path / "in.flac"
        with soundfile.SoundFile(source, "w", RATE_HZ, 2, "PCM_16", format="FLAC") as file:
            for _ in range(40):
                file.write(np.zeros((RATE_HZ * 20, 2), np.int16))
        size = 40 * 20 * RATE_HZ * 2 * 4
        decoded = decode(source, target, limits=DecodeLimits(memory_bytes=size))
        assert target.stat().st_size == size == decoded.frames * 8

    def test_a_child_out_of_memory_or_time_is_the_files_fault(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.wav", tones(RATE_HZ))
        with pytest.raises(UnusableAudio, match="too long"):
            decode(source, target, limits=DecodeLimits(wall_s=0.0))

    def test_many_channels_or_odd_rates_are_refused(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.wav", tones(100, channels=6))
        with pytest.raises(UnusableAudio, match="channels"):
            decode(source, target, limits=DecodeLimits(channels=5))

    def test_a_heartbeat_that_raises_ends_the_child(self, tmp_path: Path, target: Path) -> None:
        source = sound_file(tmp_path / "in.wav", tones(60 * RATE_HZ, channels=1), subtype="PCM_16")

        def cancel() -> None:
            raise TaskCancelled("gone")

        with pytest.raises(TaskCancelled):
            decode(source, target, sample_rate_hz=192_000, heartbeat=cancel)
        assert not target.exists()
