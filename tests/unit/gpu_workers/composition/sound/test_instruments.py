"""Every instrument, as the mixer hears it."""

import numpy as np
import pytest

from gpu_workers.composition.sound import mixer
from gpu_workers.composition.sound.catalogue import INSTRUMENTS
from gpu_workers.composition.sound.drums import PIECES
from gpu_workers.composition.sound.instrument import Stereo

pytestmark = pytest.mark.slow

RATE_HZ = 44100
SCENERY = {"riser", "impact", "vinyl"}
PITCHED = sorted(name for name, one in INSTRUMENTS.items() if not one.drum and name not in SCENERY)
KITS = sorted(name for name, one in INSTRUMENTS.items() if one.drum)
DYING = {
    "piano", "epiano", "clavinet", "guitar_nylon", "guitar_steel", "guitar_electric", "guitar_muted", "harp", "sitar",
    "strings_pizz", "pluck_synth", "marimba", "vibraphone", "glockenspiel", "celesta", "bass_finger", "bass_upright",
}  # fmt: skip


def note(name: str, pitch: int, layer: int = 0, seconds: float = 1.0, take: int = 0) -> Stereo:
    """One note as the mixer renders it."""
    key = mixer._Key(pitch, layer, take, 0)
    rng = np.random.default_rng([5, pitch, take])
    return mixer._rendered(INSTRUMENTS[name], key, round(seconds * RATE_HZ), RATE_HZ, rng)


def hz(pitch: int) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


def centre_of_pitch_cents(sound: Stereo, wanted_hz: float) -> float:
    """How far the middle of the fundamental's power lies from `wanted_hz`: what an ensemble is heard at."""
    mono = sound.mean(axis=0)[RATE_HZ // 10 :]
    size = 1 << 18
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), size)) ** 2
    freqs = np.fft.rfftfreq(size, 1 / RATE_HZ)
    near = np.abs(1200 * np.log2(np.maximum(freqs, 1.0) / wanted_hz)) < 45
    return float(1200 * np.log2((power[near] * freqs[near]).sum() / power[near].sum() / wanted_hz))


def centroid_hz(sound: Stereo) -> float:
    """Of the power."""
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    return float((power * np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ)).sum() / power.sum())


def level_db(sound: Stereo, start_s: float, end_s: float) -> float:
    piece = sound[:, int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]
    return float(10 * np.log10((piece**2).mean() + 1e-15))


def test_the_score_can_ask_for_all_that_was_agreed() -> None:
    assert set(INSTRUMENTS) == {
        "kit_acoustic", "kit_electronic", "kit_hiphop", "kit_brush", "percussion_world", "tabla", "taiko",
        "bass_finger", "bass_synth", "bass_sub", "bass_upright", "piano", "epiano", "organ", "clavinet",
        "guitar_nylon", "guitar_steel", "guitar_electric", "guitar_muted", "harp", "sitar", "pluck_synth", "tanpura",
        "strings", "strings_pizz", "cello", "violin", "sarangi", "flute", "bansuri", "brass", "marimba", "vibraphone",
        "glockenspiel", "celesta", "pad_warm", "pad_air", "pad_dark", "choir", "lead_saw", "lead_square", "lead_soft",
        "vowel", "riser", "impact", "vinyl",
    }  # fmt: skip


def furthest_cents(name: str, pitches: int) -> float:
    """The worst of so many pitches over the range."""
    one = INSTRUMENTS[name]
    # Ensembles beat slowly, and so they are heard for longer and more than once.
    seconds, takes = (2.0, 3) if one.sustained else (1.0, 1)
    found = []
    for pitch in np.linspace(one.low, one.high, pitches).astype(int).tolist():
        sounds = [note(name, pitch, one.layers - 1, seconds, take) for take in range(takes)]
        found.append(abs(float(np.mean([centre_of_pitch_cents(sound, hz(pitch)) for sound in sounds]))))
    return max(found)


@pytest.mark.parametrize("name", PITCHED)
def test_pitches_are_within_three_cents(name: str) -> None:
    assert furthest_cents(name, 2) < 3.0


@pytest.mark.slow
@pytest.mark.parametrize("name", PITCHED)
def test_every_third_pitch_is_within_three_cents(name: str) -> None:
    one = INSTRUMENTS[name]
    assert furthest_cents(name, (one.high - one.low) // 3 + 1) < 3.0


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_sound_is_clean(name: str) -> None:
    one = INSTRUMENTS[name]
    sound = note(name, 38 if one.drum else (one.low + one.high) // 2, one.layers - 1)
    assert sound.dtype == np.float32
    assert sound.shape[0] == 2
    assert np.isfinite(sound).all()
    assert abs(float(sound.mean())) < 2e-3 * float(np.abs(sound).max())
    assert np.abs(sound[:, 0]).max() < 0.05 * np.abs(sound).max()
    assert np.abs(sound[:, -1]).max() < 0.7 * np.abs(sound).max()
    np.testing.assert_array_equal(sound, note(name, 38 if one.drum else (one.low + one.high) // 2, one.layers - 1))


@pytest.mark.parametrize("name", [name for name in PITCHED if name not in {"pad_air", "tanpura"}])
def test_hard_notes_are_brighter(name: str) -> None:
    one = INSTRUMENTS[name]
    pitch = (2 * one.low + one.high) // 3
    hard, soft = (
        sum(centroid_hz(note(name, pitch, layer, 0.7, take)) for take in range(4)) for layer in (one.layers - 1, 0)
    )
    assert hard > 1.005 * soft, name


@pytest.mark.parametrize("name", sorted(DYING))
def test_struck_strings_and_bars_die_away(name: str) -> None:
    one = INSTRUMENTS[name]
    for pitch in ((2 * one.low + one.high) // 3, (one.low + 2 * one.high) // 3):
        sound = note(name, pitch, one.layers - 1, 2.4)
        early, late = level_db(sound, 0.02, 0.12), level_db(sound, 1.2, 1.35)
        assert late < early - 3, (name, pitch)
    low, high = (note(name, pitch, one.layers - 1, 2.4) for pitch in (one.low + 6, one.high - 6))
    fall = [level_db(x, 0.02, 0.1) - level_db(x, 0.4, 0.48) for x in (low, high)]
    assert fall[1] > fall[0] - 0.5, f"{name}: high notes die sooner"


@pytest.mark.parametrize("name", [name for name in PITCHED if INSTRUMENTS[name].sustained])
def test_held_notes_hold_for_as_long_as_they_are_asked_to(name: str) -> None:
    one = INSTRUMENTS[name]
    sound = note(name, (one.low + one.high) // 2, 0, 14.0)
    assert sound.shape[1] == 14 * RATE_HZ
    assert level_db(sound, 13.2, 13.9) > level_db(sound, 1.0, 2.0) - 6


@pytest.mark.parametrize(
    ("name", "low_hz", "high_hz"),
    [
        ("bass_sub", 30, 160), ("bass_finger", 40, 500), ("piano", 250, 900), ("guitar_steel", 250, 1500),
        ("sitar", 500, 3000), ("strings", 250, 2000), ("flute", 250, 1500), ("choir", 250, 2000), ("pad_dark", 60, 500),
        ("lead_saw", 250, 2500), ("marimba", 200, 800), ("tanpura", 150, 2500),
    ],
)  # fmt: skip
def test_families_have_their_brightness(name: str, low_hz: float, high_hz: float) -> None:
    one = INSTRUMENTS[name]
    assert low_hz < centroid_hz(note(name, one.nearest(60), one.layers - 1)) < high_hz


def test_piano_strings_are_stiff() -> None:
    sound = note("piano", 48, 3, 2.0).mean(axis=0)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
    freqs = np.fft.rfftfreq(1 << 18, 1 / RATE_HZ)

    def peak(near_hz: float) -> float:
        inside = np.abs(freqs - near_hz) < 0.03 * near_hz
        return float(freqs[inside][power[inside].argmax()])

    assert 5 < 1200 * np.log2(peak(10 * hz(48)) / (10 * peak(hz(48)))) < 30


def test_takes_of_a_stroke_differ_a_little() -> None:
    first, second = note("kit_acoustic", 38, 2, take=0), note("kit_acoustic", 38, 2, take=1)
    assert not np.array_equal(first, second)
    assert abs(level_db(first, 0, 0.2) - level_db(second, 0, 0.2)) < 3


@pytest.mark.parametrize("name", KITS)
def test_pieces_of_a_kit_stand_where_they_should(name: str) -> None:
    kick, hat = centroid_hz(note(name, 36, 3)), centroid_hz(note(name, 42, 3))
    assert kick < 200
    assert hat > 4 * kick
    for piece in sorted(PIECES):
        sound = note(name, piece, 3)
        assert 0.02 < np.abs(sound).max() < 4.0, piece
        assert np.isfinite(sound).all()


def test_the_tabla_s_bass_drum_bends() -> None:
    sound = note("tabla", 36, 3, 1.0).mean(axis=0)
    crossings = [np.flatnonzero(np.diff(np.signbit(piece))) for piece in (sound[4000:9000], sound[25000:30000])]
    early, late = (np.diff(found).mean() for found in crossings)
    assert early < 0.97 * late


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_other_rates_will_do(name: str) -> None:
    one = INSTRUMENTS[name]
    for rate_hz in (22_050, 48_000):
        for pitch in (36, 42) if one.drum else (one.low, one.high):
            rng = np.random.default_rng(1)
            sound = mixer._rendered(one, mixer._Key(pitch, 0, 0, 0), rate_hz // 4, rate_hz, rng)
            assert np.isfinite(sound).all()
            assert sound.any()


def test_what_is_cut_off_while_it_sounds_fades() -> None:
    sound = note("bass_finger", 28, 2, 9.0)
    assert sound.shape[1] == 7 * RATE_HZ
    assert level_db(sound, 6.95, 7.0) < level_db(sound, 6.4, 6.6) - 15


def test_a_riser_rises() -> None:
    sound = note("riser", 60, 0, 4.0)
    assert level_db(sound, 3.0, 3.8) > level_db(sound, 0.5, 1.5) + 6
    assert centroid_hz(sound[:, 3 * RATE_HZ :]) > 1.5 * centroid_hz(sound[:, : 2 * RATE_HZ])


def test_pitches_out_of_range_move_by_octaves() -> None:
    violin = INSTRUMENTS["violin"]
    assert violin.nearest(40) == 64
    assert violin.nearest(60) == 60
    assert violin.nearest(105) == 93
    assert INSTRUMENTS["kit_acoustic"].nearest(36) == 36
