import json
from pathlib import Path
from typing import Any

import pytest

from gpu_workers.rendering import order as module
from gpu_workers.rendering.order import Order, read_arrangement
from patchbay.domain.errors import InvalidInput
from patchbay.domain.tasks import EngineInput


class TestOrder:
    def test_nothing_asked_is_a_wav_as_it_comes(self) -> None:
        order = Order.from_params({})
        assert order == Order("wav", 16, None, 44_100, 0.0, None, "standard", None, False)
        assert order.mix_name == "mix.wav"
        assert not order.is_float

    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"format": "opus"}, "format"),
            ({"format": None}, "format"),
            ({"format": "mp3", "bit_depth": 24}, "bit_depth"),
            ({"format": "flac", "bit_depth": 32}, "bit_depth"),
            ({"format": "wav", "bitrate_kbps": 128}, "bitrate_kbps"),
            ({"format": "mp3", "sample_rate_hz": 96_000}, "sample_rate_hz"),
            ({"sample_rate_hz": 10**9}, "sample_rate_hz"),
            ({"quality": "best"}, "quality"),
            ({"start_s": -1}, "start_s"),
            ({"start_s": float("nan")}, "start_s"),
            ({"start_s": "1"}, "start_s"),
            ({"end_s": True}, "end_s"),
            ({"end_s": 1e9}, "end_s"),
            ({"start_s": 2, "end_s": 2}, "end_s"),
            ({"loudness_lufs": 1}, "loudness_lufs"),
            ({"loudness_lufs": float("-inf")}, "loudness_lufs"),
        ],
        ids=str,
    )
    def test_what_does_not_fit_is_named(self, params: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            Order.from_params(params)
        assert caught.value.field == field

    def test_quality_chooses_the_bit_rate_unless_one_is_given(self) -> None:
        rates = [Order.from_params({"format": "mp3", "quality": q}).bitrate_kbps for q in ("draft", "standard", "high")]
        assert rates == [128, 256, 320]
        assert Order.from_params({"format": "mp3", "bitrate_kbps": 96}).bitrate_kbps == 96

    def test_only_a_wav_of_32_bits_is_float(self) -> None:
        assert Order.from_params({"bit_depth": 32}).is_float
        assert not Order.from_params({"format": "flac", "bit_depth": 24}).is_float


class TestArrangement:
    def inputs(self, folder: Path, content: object, *names: str) -> list[EngineInput]:
        path = folder / "arrangement.json"
        path.write_text(json.dumps(content))
        return [EngineInput("arrangement", path), *(EngineInput(name, folder / name) for name in names)]

    def test_sources_find_their_uploads(self, tmp_path: Path) -> None:
        content = {"tempo_bpm": 100, "sources": [{"name": "a"}]}
        arrangement, uploads = read_arrangement(self.inputs(tmp_path, content, "a", "b"))
        assert arrangement.tempo_bpm == 100
        assert uploads == {"a": tmp_path / "a", "b": tmp_path / "b"}

    def test_without_one_there_is_nothing_to_do(self) -> None:
        with pytest.raises(InvalidInput, match="no arrangement"):
            read_arrangement([])

    def test_a_missing_upload_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="no audio for the source 'a'"):
            read_arrangement(self.inputs(tmp_path, {"tempo_bpm": 100, "sources": [{"name": "a"}]}))

    def test_what_is_too_large_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_MAX_BYTES", 10)
        with pytest.raises(InvalidInput, match="larger than"):
            read_arrangement(self.inputs(tmp_path, {"tempo_bpm": 100}))

    def test_the_field_at_fault_is_named_and_nothing_of_the_content_leaks(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput) as caught:
            read_arrangement(self.inputs(tmp_path, {"tempo_bpm": "s3cret"}))
        assert caught.value.field == "arrangement.tempo_bpm"
        assert "s3cret" not in str(caught.value)
