"""The demo's song."""

import numpy as np
import pytest

from gpu_workers.demo import synth
from gpu_workers.demo.song import PEAK, Song, make_song


@pytest.fixture(scope="module")
def song() -> Song:
    return make_song(0)


@pytest.mark.slow
class TestSong:
    def test_is_half_a_minute_of_stereo_that_its_stems_add_up_to(self, song: Song) -> None:
        assert list(song.stems) == ["vocals", "drums", "bass", "other"]
        assert {stem.shape for stem in song.stems.values()} == {(2, 30 * song.sample_rate_hz)}
        assert np.abs(song.mixture).max() == pytest.approx(PEAK)

    def test_every_stem_is_heard(self, song: Song) -> None:
        for name, stem in song.stems.items():
            assert np.isfinite(stem).all(), name
            level_db = 20 * np.log10(stem.std() / song.mixture.std())
            assert -14 < level_db < 0, name

    def test_is_the_same_for_the_same_seed_only(self, song: Song) -> None:
        assert np.array_equal(make_song(0).mixture, song.mixture)
        assert not np.array_equal(make_song(1).mixture, song.mixture)

    def test_low_end_is_the_bass_and_drums(self, song: Song) -> None:
        def below_150_hz(name: str) -> float:
            low = synth.band(song.stems[name].mean(axis=0), 0, 150, order=4)
            return float(low.std() / song.stems[name].std())

        assert min(below_150_hz("bass"), below_150_hz("drums")) > 2 * max(below_150_hz("vocals"), below_150_hz("other"))


def spectrum_peak_hz(x: synth.Mono) -> float:
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 4 * len(x)))
    return float(np.argmax(spectrum) * synth.RATE_HZ / (4 * len(x)))


def test_a_note_sounds_at_its_pitch() -> None:
    assert synth.hz(69) == pytest.approx(440.0)
    assert spectrum_peak_hz(synth.lead(69, 0.2)) == pytest.approx(440, rel=0.01)
    rng = np.random.default_rng(0)
    plucked = np.abs(np.fft.rfft(synth.pluck(57, 1.0, rng), 2 * synth.RATE_HZ))
    around = plucked[2 * 210 : 2 * 230]
    assert (210 + np.argmax(around) / 2) == pytest.approx(220, rel=0.01)


def test_a_sung_vowel_has_its_formants() -> None:
    n = synth.RATE_HZ // 2
    rng = np.random.default_rng(0)

    def level_db(vowel: str, low_hz: float, high_hz: float) -> float:
        shares = [np.full(n, float(name == vowel)) for name in synth.VOWELS]
        sung = synth.voice(np.full(n, 110.0), np.ones(n), shares, rng)
        spectrum = np.abs(np.fft.rfft(sung)) ** 2
        hz = np.fft.rfftfreq(n, 1 / synth.RATE_HZ)
        return float(10 * np.log10(spectrum[(hz > low_hz) & (hz < high_hz)].sum() / spectrum.sum()))

    assert level_db("i", 1900, 2500) > level_db("u", 1900, 2500) + 4
    assert level_db("a", 600, 1300) > level_db("i", 600, 1300) + 4


@pytest.mark.parametrize("kind", ["s", "t", "h"])
def test_consonants_are_short_bursts(kind: str) -> None:
    sound = synth.consonant(kind, np.random.default_rng(0))
    assert 0.02 < len(sound) / synth.RATE_HZ < 0.2
    assert sound[0] == 0
    assert abs(sound[-1]) < 1e-6
