from pathlib import Path

import numpy as np
import pytest

from gpu_workers.audio.files import AudioFile
from gpu_workers.rendering import sources as module
from gpu_workers.rendering.sources import Sources, decode_sources, estimate_tempo, first_use, tempi
from patchbay.domain.arrangement import Arrangement, Source, Track
from patchbay.domain.errors import UnusableAudio
from tests.unit.gpu_workers.audio.tones import RATE_HZ, raw_file, sound_file, tones
from tests.unit.gpu_workers.rendering.sessions import clip, track

pytestmark = pytest.mark.slow


def arranged(*tracks: Track, names: tuple[str, ...] = ("a", "b", "c")) -> Arrangement:
    return Arrangement(tempo_bpm=120, tracks=tracks, sources=tuple(Source(name=name) for name in names))


def ticking(path: Path, period_s: float, seconds: float = 15) -> AudioFile:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    kick = np.exp(-(t % period_s) * 40) * np.sin(2 * np.pi * 80 * t)
    hat = np.exp(-((t + period_s / 2) % period_s) * 100) * np.random.default_rng(1).normal(0, 0.2, len(t))
    return raw_file(path, (0.5 * (kick + hat))[None].astype(np.float32))


class TestDecoding:
    def test_the_same_upload_is_decoded_once(self, tmp_path: Path) -> None:
        upload = sound_file(tmp_path / "x.wav", tones(4410))
        copy = tmp_path / "y.wav"
        copy.write_bytes(upload.read_bytes())
        session = arranged(track("t", clip("1", "a"), clip("2", "b")))
        told: list[float] = []
        found = decode_sources(
            session, {"a": upload, "b": copy, "c": tmp_path / "none"}, RATE_HZ, tmp_path, told.append
        )
        assert found.files["a"] is found.files["b"]
        assert found.durations_s == {"a": 0.1, "b": 0.1}
        assert len(list(tmp_path.glob("*.f32"))) == 1
        assert told == sorted(told)
        assert told[-1] == 1

    def test_all_together_have_a_limit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        uploads = {name: sound_file(tmp_path / f"{name}.wav", tones(4410 + k)) for k, name in enumerate("ab")}
        monkeypatch.setattr(module, "MAX_TOGETHER_S", 0.15)
        with pytest.raises(UnusableAudio, match="together"):
            decode_sources(
                arranged(track("t", clip("1", "a"), clip("2", "b"))), uploads, RATE_HZ, tmp_path, lambda _: None
            )

    def test_errors_name_the_first_clip_that_uses_it(self) -> None:
        session = arranged(track("t", clip("1", "b")), track("u", clip("2", "a"), clip("3", "b")))
        assert {name: (c.id, t.id) for name, (c, t) in first_use(session).items()} == {"b": ("1", "t"), "a": ("2", "u")}


class TestTempi:
    @pytest.mark.parametrize("bpm", [92.0, 120.0])
    def test_a_pulse_is_found(self, tmp_path: Path, bpm: float) -> None:
        beats: list[int] = []
        found = estimate_tempo(ticking(tmp_path / "t.f32", 60 / bpm), lambda: beats.append(1))
        assert found is not None
        assert min(abs(found / (bpm * ratio) - 1) for ratio in (0.5, 1, 2)) < 0.01
        assert len(beats) > 10

    def test_only_what_is_synced_and_unknown_is_listened_to(self, tmp_path: Path) -> None:
        file = ticking(tmp_path / "t.f32", 0.5)
        given = Arrangement(
            tempo_bpm=120,
            tracks=(
                track("t", clip("1", "a", speed="tempo-sync"), clip("2", "b"), clip("3", "c", speed="tempo-sync")),
            ),
            sources=(Source(name="a", tempo_bpm=77), Source(name="b"), Source(name="c")),
        )
        found = tempi(given, Sources(dict.fromkeys("abc", file)), lambda: None)
        assert found["a"] == 77
        assert "b" not in found
        assert min(abs(found["c"] / (120 * ratio) - 1) for ratio in (0.5, 1, 2)) < 0.01

    def test_silence_has_none_which_matters_only_where_it_is_heard(self, tmp_path: Path) -> None:
        sources = Sources({"a": raw_file(tmp_path / "s.f32", np.zeros((1, RATE_HZ * 5), np.float32))})
        synced = clip("1", "a", speed="tempo-sync")
        with pytest.raises(UnusableAudio, match=r"clip '1' of track 'Pad': no tempo.*tempo_bpm"):
            tempi(arranged(track("t", synced, name="Pad")), sources, lambda: None)
        assert tempi(arranged(track("t", synced, muted=True)), sources, lambda: None) == {}
