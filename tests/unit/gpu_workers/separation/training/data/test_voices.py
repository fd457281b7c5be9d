"""Voices of our own: the vocoder, tracts, singing; and words taken apart, spoken by a stand-in for espeak-ng."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gpu_workers.separation.training.data import singing, speech, tracts, vocals, vocoder
from gpu_workers.separation.training.data.plans import RATE_HZ, random_plan
from gpu_workers.separation.training.data.singing import Habits, Sung
from gpu_workers.separation.training.data.tracts import Syllable
from gpu_workers.separation.training.data.vocoder import BINS, HOP, Throat

CLEAR = Throat(jitter=0.0, shimmer=0.0, breath=0.0, airy_hz=20_000.0)
STEADY = Habits(0.004, 0.0, 0.0, 5.0, 0.3, 0.0, 0.0)


def hummed(pitch_hz: float, frames: int = 80, throat: Throat = CLEAR) -> NDArray[np.float32]:
    flat, clean = np.zeros((frames, BINS), np.float32), np.zeros((frames, BINS), np.float32)
    rng = np.random.default_rng(0)
    return vocoder.sound(rng, flat, clean, np.full(frames, pitch_hz), np.ones(frames), throat)


def spectrum(sound: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.abs(np.fft.rfft(sound * np.hanning(len(sound))))


@pytest.mark.parametrize("pitch_hz", [80.0, 220.0, 701.0])
def test_a_voice_is_a_harmonic_tone_of_its_pitch(pitch_hz: float) -> None:
    sound = hummed(pitch_hz)[8 * HOP :][: RATE_HZ // 2]
    level = spectrum(sound)
    bin_hz = RATE_HZ / len(sound)
    for harmonic in (1, 2, 5):
        at = round(harmonic * pitch_hz / bin_hz)
        between = round((harmonic + 0.5) * pitch_hz / bin_hz)
        assert level[at - 2 : at + 3].max() > 30 * level[between - 2 : between + 3].max()


def test_pulses_have_the_power_of_noise() -> None:
    voiced = hummed(150.0)
    noisy = vocoder.sound(
        np.random.default_rng(0), np.zeros((80, BINS), np.float32), np.ones((80, BINS), np.float32),
        np.full(80, 150.0), np.ones(80), CLEAR,
    )  # fmt: skip
    inner = slice(4 * HOP, 70 * HOP)
    assert np.std(noisy[inner]) == pytest.approx(1.0, rel=0.1)
    assert np.std(voiced[inner]) == pytest.approx(1.0, rel=0.2)


def test_the_filter_shapes_the_sound() -> None:
    frames, peak_hz = 60, 1500.0
    bins = np.arange(BINS) * vocoder.BIN_HZ
    log_filter = np.tile((3 * np.exp(-(((bins - peak_hz) / 200) ** 2))).astype(np.float32), (frames, 1))
    noise = np.ones((frames, BINS), np.float32)
    sound = vocoder.sound(np.random.default_rng(1), log_filter, noise, np.full(frames, 100.0), np.ones(frames), CLEAR)
    level, hz = spectrum(sound), np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    inside, outside = level[np.abs(hz - peak_hz) < 50], level[np.abs(hz - 6000) < 500]
    gain_db = 10 * np.log10(np.mean(inside**2) / np.mean(outside**2))
    assert gain_db == pytest.approx(20 * np.log10(np.exp(3)), abs=2.5)


def test_silence_is_silent_and_the_length_is_kept() -> None:
    flat = np.zeros((20, BINS), np.float32)
    level = np.zeros(20)
    sound = vocoder.sound(np.random.default_rng(0), flat, flat, np.full(20, 200.0), level, CLEAR)
    assert sound.shape == (20 * HOP,)
    assert not sound.any()


def test_breath_fills_the_gaps_between_harmonics() -> None:
    clear, airy = hummed(300.0), hummed(300.0, throat=Throat(0.0, 0.0, 0.0, 0.3, 4000.0))
    hz = np.fft.rfftfreq(len(clear), 1 / RATE_HZ)
    gap = np.abs(hz - 450) < 40
    assert np.mean(spectrum(airy)[gap] ** 2) > 20 * np.mean(spectrum(clear)[gap] ** 2)


def sung(tract: tracts.Tract, syllable: Syllable, pitch: float = 45.0) -> NDArray[np.float32]:
    frames = RATE_HZ // HOP
    where = tracts.track(tract)
    tracts.sing(where, syllable, 0.3, 0.9, 0.7)
    log_filter, noisy = tracts.filters(where, frames)
    pitch_hz = singing.pitch_curve(np.random.default_rng(0), [Sung(0.3, 0.6, pitch, True)], STEADY, frames)
    return vocoder.sound(np.random.default_rng(0), log_filter, noisy, pitch_hz, np.ones(frames), CLEAR)


def man() -> tracts.Tract:
    return tracts.Tract(1.0, 1.0, 6.0, 0.0, 0.0, np.ones((len(tracts.VOWELS), 2)), 0.0)


@pytest.mark.parametrize(("vowel", "first_hz"), [("a", 740), ("i", 290), ("u", 310), ("E", 560)])
def test_vowels_have_their_formants(vowel: str, first_hz: float) -> None:
    where = tracts.track(man())
    tracts.sing(where, Syllable((), vowel, vowel, ""), 0.1, 0.5, 0.5)
    log_filter, _ = tracts.filters(where, 30)
    hz = np.arange(BINS) * vocoder.BIN_HZ
    low = (hz > 150) & (hz < 950)
    assert hz[low][np.argmax(log_filter[20][low])] == pytest.approx(first_hz, abs=60)


@pytest.mark.parametrize("scale", [0.9, 1.3])
def test_a_shorter_tract_has_higher_formants(scale: float) -> None:
    tract = tracts.Tract(scale, 1.0, 6.0, 0.0, 0.0, np.ones((len(tracts.VOWELS), 2)), 0.0)
    where = tracts.track(tract)
    tracts.sing(where, Syllable((), "a", "a", ""), 0.1, 0.5, 0.5)
    log_filter, _ = tracts.filters(where, 30)
    hz = np.arange(BINS) * vocoder.BIN_HZ
    low = (hz > 400) & (hz < 1050 * scale)
    assert hz[low][np.argmax(log_filter[20][low])] == pytest.approx(740 * scale, rel=0.08)


def test_hissing_consonants_are_noise_and_high_before_the_vowel() -> None:
    tract, syllable = man(), Syllable(("s",), "a", "a", "")
    sound = sung(tract, syllable)
    hiss = sound[round((0.3 - tracts.onset_s(syllable) + 0.03) * RATE_HZ) : round(0.28 * RATE_HZ)]
    vowel = sound[round(0.45 * RATE_HZ) : round(0.7 * RATE_HZ)]
    for part, high in ((hiss, True), (vowel, False)):
        power, hz = spectrum(part) ** 2, np.fft.rfftfreq(len(part), 1 / RATE_HZ)
        assert (power[hz > 3500].sum() > power[hz < 3500].sum()) == high


def test_stops_have_a_silence_before_their_burst() -> None:
    syllable = Syllable(("t",), "a", "a", "")
    sound = sung(man(), syllable)
    start_s = 0.3 - tracts.onset_s(syllable)
    gap = sound[round((start_s + 0.02) * RATE_HZ) : round((start_s + 0.035) * RATE_HZ)]
    vowel = sound[round(0.5 * RATE_HZ) : round(0.6 * RATE_HZ)]
    assert np.std(gap) < 0.03 * np.std(vowel)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_any_tract_sings_any_words_in_finite_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    where = tracts.track(tracts.random_tract(rng))
    for number, syllable in enumerate(tracts.random_words(rng, 4)):
        tracts.sing(where, syllable, 0.3 + 0.3 * number, 0.58 + 0.3 * number, rng.uniform(0, 1))
    tracts.breathe(where, 1.6, 0.2, -20.0)
    log_filter, noisy = tracts.filters(where, 160)
    assert np.isfinite(log_filter).all()
    assert noisy.min() >= -1e-6
    assert noisy.max() <= 1 + 1e-6
    assert np.all(np.diff(where.times_s) > 0)


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_melodies_are_phrases_in_the_scale_in_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 12.0)
    notes = singing.melody(rng, plan, 50)
    for note in notes:
        assert (note.pitch - plan.tonic) % 12 in plan.scale
        assert 0 <= note.start_s < 12.0
        assert 0 < note.length_s < 12 * plan.bar_s
        assert 50 <= note.pitch < 50 + 12 + 24
    assert not notes or notes[0].first


@given(st.integers(0, 2**31), st.sampled_from([2, 4, 7, -3]))
def test_a_harmony_keeps_the_rhythm_and_the_scale(seed: int, degrees: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 6.0)
    notes = singing.melody(rng, plan, 50)
    moved = singing.transposed(notes, plan, degrees)
    for note, other in zip(notes, moved, strict=True):
        assert (other.start_s, other.length_s) == (note.start_s, note.length_s)
        assert (other.pitch - plan.tonic) % 12 in plan.scale
        assert np.sign(other.pitch - note.pitch) == np.sign(degrees)
        if degrees == 7:
            assert other.pitch == note.pitch + 12


def test_pitch_reaches_each_note_and_vibrato_sways_about_it() -> None:
    notes = [Sung(0.2, 1.0, 57.0, True), Sung(1.2, 1.0, 64.0, False)]
    frames = round(2.3 * RATE_HZ / HOP)
    steady = singing.pitch_curve(np.random.default_rng(0), notes, STEADY, frames)
    t = np.arange(frames) * HOP / RATE_HZ
    assert steady[np.searchsorted(t, 0.9)] == pytest.approx(220.0, rel=1e-3)
    assert steady[np.searchsorted(t, 2.0)] == pytest.approx(329.6, rel=1e-3)
    swaying = Habits(0.03, 1.0, 0.6, 5.5, 0.1, 0.0, 0.0)
    moved = singing.pitch_curve(np.random.default_rng(0), notes, swaying, frames)
    held = 12 * np.log2(moved[(t > 0.6) & (t < 1.1)] / 220.0)
    assert 0.2 < held.max() < 0.9
    assert -0.9 < held.min() < -0.2


def test_level_is_up_in_notes_and_down_in_rests() -> None:
    notes = [Sung(0.5, 0.5, 60.0, True), Sung(2.0, 0.5, 60.0, True)]
    frames = round(3 * RATE_HZ / HOP)
    level = singing.level_curve(np.random.default_rng(0), notes, STEADY, frames, 0.1)
    t = np.arange(frames) * HOP / RATE_HZ
    assert level[np.searchsorted(t, 0.7)] > 0.4
    assert level[np.searchsorted(t, 1.5)] == 0.0
    assert level[np.searchsorted(t, 2.9)] == 0.0


def test_a_word_is_taken_apart_into_its_vowel_and_what_surrounds_it() -> None:
    sound = sung(man(), Syllable(("s",), "a", "a", "t"))
    word = speech.analysed(sound)
    start, end = word.vowel
    assert 0.25 <= start * HOP / RATE_HZ <= 0.45
    assert 0.6 <= end * HOP / RATE_HZ <= 0.95
    assert word.noisy[start + 3 : end - 3, :60].mean() < 0.2
    hissing = round((0.3 - 0.09) * RATE_HZ / HOP)
    assert word.noisy[hissing, :60].mean() > 0.6


def test_the_filter_of_a_word_holds_its_formants_but_not_its_pitch() -> None:
    word = speech.analysed(sung(man(), Syllable((), "a", "a", "")))
    hz = np.arange(BINS) * vocoder.BIN_HZ
    middle = word.log_filter[sum(word.vowel) // 2]
    low = (hz > 300) & (hz < 3000)
    assert abs(hz[low][np.argmax(middle[low])] - 800) < 300
    assert np.abs(np.diff(middle[:400])).max() < 0.35


@pytest.mark.parametrize("frames", [1, 5, 40, 200])
def test_a_words_vowel_is_stretched_to_the_note(frames: int) -> None:
    word = speech.analysed(sung(man(), Syllable(("s",), "a", "a", "t")))
    picked = vocals._stretched(word, frames)
    onset = min(word.vowel[0], vocals._ONSET)
    assert abs(len(picked) - onset - frames) <= 2
    assert np.all(np.diff(picked) >= 0)
    assert picked.max() < len(word.log_filter)


@given(st.floats(0.8, 1.3))
def test_scaled_filters_have_their_peaks_moved(scale: float) -> None:
    peak = np.exp(-(((np.arange(BINS) - 200) / 10) ** 2)).astype(np.float32)[None]
    assert int(np.argmax(vocals._scaled(peak, scale))) == pytest.approx(200 * scale, abs=1)


def spoken(speaker: speech.Speaker, text: str, pitch: int, speed: int, *, flat: bool) -> NDArray[np.float32]:
    """A stand-in for espeak-ng: a syllable of our own for any text."""
    vowel = tracts.VOWELS[len(text) % len(tracts.VOWELS)]
    sound = sung(man(), Syllable(("s",), vowel, vowel, ""), 40.0 + pitch / 10)
    return np.asarray(0.7 * sound / np.abs(sound).max(), np.float32)[round(0.15 * RATE_HZ) :]


@pytest.mark.parametrize("speaks", [True, False])
def test_all_kinds_of_voices_are_finite_and_follow_from_the_seed(monkeypatch: pytest.MonkeyPatch, speaks: bool) -> None:
    monkeypatch.setattr(speech, "said", spoken)
    kinds = set()
    for seed in range(8 if speaks else 2):
        plan = random_plan(np.random.default_rng(seed), 1.0)
        voices = vocals.random_voices(
            np.random.default_rng(seed), plan, held=False, engines=speech.ENGINES if speaks else ()
        )
        if seed == 0:
            again = vocals.random_voices(
                np.random.default_rng(seed), plan, held=False, engines=speech.ENGINES if speaks else ()
            )
            for voice, other in zip(voices, again, strict=True):
                np.testing.assert_array_equal(voice.sound, other.sound)
        for voice in voices:
            assert voice.sound.shape[-1] == RATE_HZ
            assert np.isfinite(voice.sound).all()
            assert np.abs(voice.sound).max() <= 1.0 + 1e-6
        kinds |= {voice.source.split()[0] for voice in voices}
    assert "tract" in kinds
    assert bool(kinds & {"espeak", "pico"}) == speaks


def test_raw_words_are_brought_to_the_notes() -> None:
    t = np.arange(RATE_HZ // 2) / RATE_HZ
    assert vocals._pitch_hz(np.sin(2 * np.pi * 130 * t).astype(np.float32)) == pytest.approx(130, rel=0.02)


def test_throats_are_rough_or_clean_and_breathy_or_clear() -> None:
    """Neither roughness nor breath may be what tells a voice."""
    rng = np.random.default_rng(0)
    throats = [singing.random_throat(rng) for _ in range(400)]
    for measured, clean in (("jitter", 5e-4), ("breath", 1e-4)):
        share = np.mean([getattr(throat, measured) < clean for throat in throats])
        assert 0.15 < share < 0.6
    assert 0.3 < np.mean([throat.airy_hz > 11_000 for throat in throats]) < 0.7


def test_a_word_is_taken_low_and_high_and_by_the_same_speaker(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, int, bool]] = []

    def said(speaker: speech.Speaker, text: str, pitch: int, speed: int, *, flat: bool) -> NDArray[np.float32]:
        asked.append((speaker.name, text, pitch, flat))
        return np.full(100, pitch, np.float32)

    monkeypatch.setattr(speech, "said", said)
    takes = speech.takes(np.random.default_rng(0), speech.Speaker("it", "f1"), 4, flat=False)
    assert len(takes) == 4
    assert len({text for _, text, _, _ in asked}) == 4
    assert {(name, flat) for name, _, _, flat in asked} == {("it+f1", False)}
    for word in takes:
        heights = [take[0] for take in word]
        assert heights == sorted(heights)
        assert len(set(heights)) == 3


@given(st.floats(1.0, 5.0))
def test_clearing_leaves_hissing_alone_and_takes_noise_from_voice(power: float) -> None:
    noisy = np.array([[1.0, 0.3, 0.0]], np.float32)
    word = speech.Word(noisy, noisy, (0, 1), np.zeros(10, np.float32))
    (cleared,) = speech.cleared([word], power)
    assert cleared.noisy[0, 0] == 1.0
    assert cleared.noisy[0, 1] <= word.noisy[0, 1]
    assert cleared.noisy[0, 2] == 0.0
    np.testing.assert_array_equal(cleared.log_filter, word.log_filter)


def test_raw_singers_are_in_tune(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes of 110, 165 and 220 Hz are brought to 196 Hz, to 294 Hz, or to an octave of what is too far away."""

    def takes(*_: object, **__: object) -> list[list[NDArray[np.float32]]]:
        t = np.arange(RATE_HZ) / RATE_HZ
        tones = [sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 8)) for hz in (110, 165, 220)]
        return [[np.asarray(tone, np.float32) for tone in tones]]

    monkeypatch.setattr(speech, "takes", takes)
    plan = random_plan(np.random.default_rng(0), 2.0)
    for pitch, heard_hz in ((55.0, 196.0), (62.0, 293.7), (74.0, 293.7)):
        monkeypatch.setattr(singing, "melody", lambda *_, pitch=pitch: [Sung(0.2, 1.0, pitch, True)])
        voice = vocals._raw(np.random.default_rng(2), plan, vocals.Cast(False, ("espeak",)))
        middle = voice.sound[RATE_HZ // 2 : RATE_HZ]
        assert vocals._pitch_hz(middle) == pytest.approx(heard_hz, rel=0.03)


def test_speakers_of_held_out_songs_are_heard_nowhere_else() -> None:
    rng = np.random.default_rng(0)
    free = {speech.random_speaker(rng, held=False).variant for _ in range(300)}
    kept = {speech.random_speaker(rng, held=True).variant for _ in range(300)}
    assert not free & kept


def test_speakers_are_of_the_engines_that_there_are() -> None:
    rng = np.random.default_rng(0)
    for engines in (("espeak",), ("pico",), speech.ENGINES):
        cast = vocals.Cast(False, engines)
        assert {cast.speaker(rng).engine for _ in range(40)} == set(engines)
    assert {vocals.Cast(False, speech.ENGINES).speaker(rng, whispers=True).engine for _ in range(20)} == {"espeak"}


@pytest.mark.parametrize("pitch", [0, 50, 99])
def test_pico_is_told_its_language_pitch_and_speed(monkeypatch: pytest.MonkeyPatch, pitch: int) -> None:
    told: list[list[str]] = []

    def speech_of(command: list[str]) -> NDArray[np.float64]:
        told.append(command)
        return np.array([0.0, 0.2, -0.1])

    monkeypatch.setattr(speech, "program", lambda name, package: f"/{name} of {package}")
    monkeypatch.setattr(speech, "speech", speech_of)
    sound = speech.said(speech.Speaker("it-IT", "", "pico"), "notte", pitch, 175, flat=True)
    np.testing.assert_allclose(sound, [0.0, 0.7, -0.35], rtol=1e-6)
    assert told[0][0] == "/pico2wave of libttspico-utils"
    assert told[0][told[0].index("-l") + 1] == "it-IT"
    assert 50 <= int(told[0][-1].split('"')[1]) <= 200
    assert told[0][-1].endswith('<speed level="100">notte</speed></pitch>')


def test_the_voices_that_training_is_steered_by_sing_in_no_song() -> None:
    rng = np.random.default_rng(0)
    used = {vocals.Cast(held, ("pico",)).speaker(rng).language for held in (True, False) for _ in range(60)}
    assert used == {"en-US", "de-DE", "it-IT", "es-ES"}
    assert all(speech.Speaker(language, "", "pico").text for language in used)


@pytest.mark.parametrize("edge_hz", [7000.0, 9500.0])
def test_above_its_edge_a_filter_falls_on(edge_hz: float) -> None:
    """Twelve dB an octave from the level below the edge, whatever little the program left there."""
    hz = np.arange(BINS) * vocoder.BIN_HZ
    made = speech._extended(np.where(hz < edge_hz, -2.0, -11.0)[None], edge_hz)[0]
    np.testing.assert_allclose(made[hz < edge_hz - 50], -2.0)
    at = int(2 * edge_hz / vocoder.BIN_HZ)
    assert made[at] == pytest.approx(-2.0 - 12 * np.log(10) / 20, abs=0.05)


def test_flite_and_its_voices_are_never_used() -> None:
    names = " ".join((*speech._VARIANTS, *speech._WHISPERS)).lower()
    assert not any(voice in names.split() for voice in ("slt", "awb", "kal", "kal16", "rms"))
