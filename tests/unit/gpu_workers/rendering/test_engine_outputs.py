import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from patchbay.domain.arrangement import Arrangement
from patchbay.domain.errors import InvalidInput, UnusableAudio
from tests.unit.gpu_workers.rendering.sessions import RATE_HZ, Desk, clip, noise, null_db, track

pytestmark = pytest.mark.slow

NULL_DB = -120.0


class TestLevels:
    def loud(self, desk: Desk) -> Arrangement:
        return desk.arranged(track("t", clip("a", volume=4)), track("u", clip("b", "other", volume=4)))

    def test_integers_are_turned_down_rather_than_clipped(self, desk: Desk) -> None:
        wanted = desk.reference(self.loud(desk))
        outputs = desk.run(self.loud(desk), format="wav", bit_depth=24)
        made = soundfile.read(outputs["mix.wav"].path)[0]
        assert outputs["peak_db"].value == pytest.approx(-1, abs=0.02)
        assert np.abs(made).max() < 1
        gain = (made * wanted).sum() / (wanted**2).sum()
        assert gain < 0.9
        assert null_db(made, wanted * gain) < -115  # half a step of 24 bits, and how well the gain is known

    def test_float_keeps_what_is_over_full_scale(self, desk: Desk) -> None:
        outputs = desk.run(self.loud(desk))
        assert outputs["peak_db"].value > 3
        assert null_db(soundfile.read(outputs["mix.wav"].path)[0], desk.reference(self.loud(desk))) < NULL_DB

    def test_stems_are_not_clipped_either(self, desk: Desk) -> None:
        whole = desk.sources["noise"]
        against = Desk(desk.folder / "against", {"noise": whole, "other": -whole})
        session = against.arranged(track("t", clip("a", volume=4)), track("u", clip("b", "other", volume=4)))
        outputs = against.run(session, format="flac", stems=True)
        assert outputs["stems.zip"].path is not None
        with zipfile.ZipFile(outputs["stems.zip"].path) as archive:
            stem = soundfile.read(archive.open("001 t.flac"))[0]
        assert np.abs(stem).max() == pytest.approx(10 ** (-1 / 20), abs=0.001)

    @pytest.mark.parametrize("target", [-30.0, -16.0])
    def test_a_loudness_is_met(self, desk: Desk, target: float) -> None:
        outputs = desk.run(desk.arranged(track("t", clip("a"))), loudness_lufs=target)
        assert outputs["loudness_lufs"].value == pytest.approx(target, abs=0.02)

    def test_a_loudness_out_of_reach_stops_at_the_ceiling(self, desk: Desk) -> None:
        outputs = desk.run(desk.arranged(track("t", clip("a"))), loudness_lufs=-2.0)
        assert outputs["peak_db"].value == pytest.approx(-1, abs=0.02)
        assert outputs["loudness_lufs"].value < -2

    def test_silence_has_no_level(self, desk: Desk) -> None:
        outputs = desk.run(desk.arranged(track("t", clip("a", muted=True))), loudness_lufs=-14.0, format="flac")
        assert outputs["peak_db"].value is None
        assert outputs["loudness_lufs"].value is None
        assert outputs["duration_s"].value == 1.5


class TestFormats:
    @pytest.mark.parametrize("kind", ["flac", "mp3", "m4a", "ogg"])
    def test_all_of_them(self, desk: Desk, kind: str) -> None:
        outputs = desk.run(desk.arranged(track("t", clip("a"))), format=kind, quality="high")
        path = outputs[f"mix.{kind}"].path
        assert path is not None
        assert path.stat().st_size > 10_000
        if kind != "m4a":  # libsndfile does not read it
            made = soundfile.read(path)[0]
            assert abs(len(made) - 1.5 * RATE_HZ) < 3000

    def test_quality_is_in_the_bit_rate(self, desk: Desk) -> None:
        sizes = []
        for quality in ("draft", "standard", "high"):
            path = desk.run(desk.arranged(track("t", clip("a"))), format="mp3", quality=quality)["mix.mp3"].path
            assert path is not None
            sizes.append(path.stat().st_size)
        assert sizes[0] < 0.7 * sizes[1] < 0.7 * sizes[2]

    def test_the_rate_is_what_was_asked(self, desk: Desk) -> None:
        path = desk.run(desk.arranged(track("t", clip("a"))), sample_rate_hz=96_000)["mix.wav"].path
        assert path is not None
        assert (soundfile.info(path).samplerate, soundfile.info(path).frames) == (96_000, 144_000)


class TestErrors:
    def test_a_clip_that_begins_after_its_source_is_named(self, desk: Desk) -> None:
        with pytest.raises(UnusableAudio, match=r"clip 'b' of track 't': it begins 1\.6 s into its source"):
            desk.run(desk.arranged(track("t", clip("a"), clip("b", cut_start_s=1.6))))

    def test_a_source_that_is_no_audio_is_named_by_its_clip(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "desk", {"noise": noise(0.2), "other": noise(0.2, 1)})
        desk.inputs[1].path.write_bytes(b"no audio at all" * 100)
        with pytest.raises(UnusableAudio, match="clip 'b' of track 'Vox': The file is not audio") as caught:
            desk.run(desk.arranged(track("t", clip("a"), clip("b", "other"), name="Vox")))
        assert str(tmp_path) not in str(caught.value)

    def test_a_source_that_no_clip_uses_is_never_opened(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path / "desk", {"noise": noise(0.2), "other": noise(0.2, 1)})
        desk.inputs[1].path.write_bytes(b"")
        assert desk.run(desk.arranged(track("t", clip("a"))))["duration_s"].value == 0.2

    @pytest.mark.parametrize(
        ("session", "field"),
        [
            (b"", "arrangement"),
            (b"\xff\xfe", "arrangement"),
            (b"[" * 100_000, "arrangement"),
            ({"tempo_bpm": 1e9}, "arrangement.tempo_bpm"),
            (
                {"tempo_bpm": 120, "tracks": [{"id": "t", "clips": [{"id": "a"}]}]},
                "arrangement.tracks.0.clips.0.source",
            ),
            ({"tempo_bpm": 120, "sources": [{"name": "elsewhere"}]}, "arrangement.sources"),
            ({"tempo_bpm": 120}, "arrangement.tracks"),
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_arrangements_that_are_none(self, desk: Desk, session: Any, field: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            desk.run(session)
        assert caught.value.field == field

    def test_ranges_outside(self, desk: Desk) -> None:
        session = desk.arranged(track("t", clip("a")))
        for bad, field in (({"start_s": 1.5}, "start_s"), ({"start_s": 1, "end_s": 1}, "end_s")):
            with pytest.raises(InvalidInput) as caught:
                desk.run(session, **bad)
            assert caught.value.field == field

    def test_ten_thousand_clips_are_refused(self, desk: Desk) -> None:
        rows = [{"id": str(n), "source": "noise", "start_beats": n} for n in range(10_000)]
        session = {"tempo_bpm": 120, "sources": [{"name": "noise"}], "tracks": [{"id": "t", "clips": rows}]}
        with pytest.raises(InvalidInput, match="5000"):
            desk.run(json.loads(json.dumps(session)))
