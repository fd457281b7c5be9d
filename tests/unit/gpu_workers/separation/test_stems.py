from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.separation.stems import model_stems, sample_bits, wanted_stems, write_stems
from patchbay.domain.errors import InvalidInput

KNOWN = ("vocals", "drums", "bass", "other")
FRAMES = 1000


@pytest.fixture
def mixture(tmp_path: Path) -> AudioFile:
    samples = np.random.default_rng(0).uniform(-0.9, 0.9, (FRAMES, 2)).astype("<f4")
    (tmp_path / "mix.f32").write_bytes(samples.tobytes())
    return AudioFile(tmp_path / "mix.f32", 44100, 2, FRAMES)


def blocks(mixture: AudioFile, **gains: float) -> Iterator[dict[str, Samples]]:
    for start in range(0, FRAMES, 300):
        part = mixture.read(start, min(300, FRAMES - start))
        yield {name: part * np.float32(gain) for name, gain in gains.items()}


def read(path: Path) -> Samples:
    data: Samples = soundfile.read(path, dtype="float32")[0].T
    return data


class TestParams:
    def test_order_is_kept_and_doubles_are_dropped(self) -> None:
        assert wanted_stems({"stems": ["bass", "vocals", "bass"]}, KNOWN) == ("bass", "vocals")

    @pytest.mark.parametrize("stems", [None, [], "vocals", ["guitar"], [3]])
    def test_what_the_model_has_not_is_refused(self, stems: object) -> None:
        with pytest.raises(InvalidInput) as caught:
            wanted_stems({"stems": stems}, KNOWN)
        assert caught.value.field == "stems"

    def test_accompaniment_needs_vocals(self) -> None:
        assert wanted_stems({"stems": ["accompaniment"]}, KNOWN) == ("accompaniment",)
        with pytest.raises(InvalidInput):
            wanted_stems({"stems": ["accompaniment"]}, ("drums",))
        assert model_stems(("accompaniment", "vocals", "bass")) == ("vocals", "bass")

    def test_sample_formats(self) -> None:
        assert [sample_bits(p) for p in ({}, {"sample_format": "wav24"}, {"sample_format": "wav32f"})] == [16, 24, 32]
        with pytest.raises(InvalidInput) as caught:
            sample_bits({"sample_format": "mp3"})
        assert caught.value.field == "sample_format"


class TestFiles:
    @pytest.mark.parametrize(("bits", "tolerance"), [(16, 1 / 2**15), (24, 1 / 2**23), (32, 1e-7)])
    def test_vocals_and_accompaniment_are_the_mixture(
        self, mixture: AudioFile, tmp_path: Path, bits: int, tolerance: float
    ) -> None:
        wanted = ("accompaniment", "vocals")
        paths = write_stems(blocks(mixture, vocals=0.4), mixture, wanted, tmp_path, bits, lambda: None)
        assert list(paths) == list(wanted)
        total = read(paths["vocals"]) + read(paths["accompaniment"])
        np.testing.assert_allclose(total, mixture.read(), atol=tolerance)

    def test_accompaniment_alone_writes_no_vocals(self, mixture: AudioFile, tmp_path: Path) -> None:
        write_stems(blocks(mixture, vocals=0.4), mixture, ("accompaniment",), tmp_path, 16, lambda: None)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["accompaniment.wav", "mix.f32"]

    @pytest.mark.parametrize("bits", [16, 24])
    def test_one_gain_keeps_all_stems_from_clipping(self, mixture: AudioFile, tmp_path: Path, bits: int) -> None:
        gains = {"drums": 3.0, "bass": -2.0}
        paths = write_stems(blocks(mixture, **gains), mixture, tuple(gains), tmp_path, bits, lambda: None)
        drums, bass = read(paths["drums"]), read(paths["bass"])
        assert np.abs(drums).max() == pytest.approx(1.0, abs=1e-4)
        np.testing.assert_allclose(drums * -2 / 3, bass, atol=2 / 2 ** (bits - 1) + 1e-6)

    def test_floats_keep_their_peaks(self, mixture: AudioFile, tmp_path: Path) -> None:
        paths = write_stems(blocks(mixture, drums=3.0), mixture, ("drums",), tmp_path, 32, lambda: None)
        np.testing.assert_allclose(read(paths["drums"]), 3 * mixture.read(), rtol=1e-6)

    def test_silence_stays_silence(self, mixture: AudioFile, tmp_path: Path) -> None:
        paths = write_stems(blocks(mixture, drums=0.0), mixture, ("drums",), tmp_path, 16, lambda: None)
        assert not read(paths["drums"]).any()
