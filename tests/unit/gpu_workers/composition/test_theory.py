from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.composition import theory


@pytest.mark.parametrize(
    ("mode", "steps"),
    [
        ("major", (0, 2, 4, 5, 7, 9, 11)),
        ("minor", (0, 2, 3, 5, 7, 8, 10)),
        ("dorian", (0, 2, 3, 5, 7, 9, 10)),
        ("phrygian", (0, 1, 3, 5, 7, 8, 10)),
        ("lydian", (0, 2, 4, 6, 7, 9, 11)),
        ("mixolydian", (0, 2, 4, 5, 7, 9, 10)),
    ],
)
def test_modes(mode: str, steps: tuple[int, ...]) -> None:
    assert theory.rotation(mode) == steps


@given(st.integers(0, 11), st.sampled_from(theory.MODES), st.sampled_from(theory.MODES))
def test_relative_modes_share_their_notes(tonic: int, mode: str, other: str) -> None:
    relative = theory.relative_tonic(tonic, mode, other)
    assert set(theory.scale_of(tonic, mode)) == set(theory.scale_of(relative, other))
    assert theory.relative_tonic(relative, other, mode) == tonic


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A minor", (9, "minor")),
        ("Bb", (10, "major")),
        ("f# Dorian", (6, "dorian")),
        ("Cm", (0, "minor")),
        ("CM", (0, "major")),
        ("E♭ maj", (3, "major")),
        ("cb major", (11, "major")),
        (" G aeolian ", (7, "minor")),
    ],
)
def test_keys_are_read(text: str, key: tuple[int, str]) -> None:
    assert theory.parse_key(text) == key


@pytest.mark.parametrize("text", ["", "H", "A sad", "12", "C##"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        theory.parse_key(text)


@given(st.integers(0, 11), st.sampled_from(theory.MODES))
def test_key_names_are_read_back(tonic: int, mode: str) -> None:
    assert theory.parse_key(theory.key_name(tonic, mode)) == (tonic, mode)


@pytest.mark.parametrize(
    ("tonic", "mode", "name"),
    [(1, "minor", "C# minor"), (1, "major", "Db major"), (10, "major", "Bb major"), (3, "lydian", "Eb lydian"),
     (1, "mixolydian", "C# mixolydian"), (6, "major", "F# major"), (9, "minor", "A minor"), (10, "minor", "Bb minor")],
)  # fmt: skip
def test_keys_are_spelled_by_their_signature(tonic: int, mode: str, name: str) -> None:
    assert theory.key_name(tonic, mode) == name


@given(st.integers(0, 11), st.sampled_from(theory.MODES))
def test_a_scale_uses_sharps_or_flats_but_never_both(tonic: int, mode: str) -> None:
    names = theory.names_in(theory.key_name(tonic, mode))
    told = "".join(names[one] for one in theory.scale_of(tonic, mode))
    assert not ("#" in told and "b" in told)


def test_chords_are_spelled_in_their_key() -> None:
    assert theory.chord_symbol(1, "min7", 1, theory.names_in("A major")) == "C#m7"
    assert theory.chord_symbol(9, "maj", 1, theory.names_in("D major")) == "A/C#"
    assert theory.chord_symbol(1, "maj", 1, theory.names_in("Bb minor")) == "Db"
    assert theory.names_in("C# Yaman") == theory.SHARPS


@pytest.mark.parametrize(
    ("chord", "symbol"),
    [((9, "min7", 9), "Am7"), ((0, "maj", 4), "C/E"), ((6, "power", 6), "F#5"), ((2, "sus4", 2), "Dsus4")],
)
def test_chord_symbols(chord: tuple[int, str, int], symbol: str) -> None:
    assert theory.chord_symbol(*chord) == symbol


@given(st.integers(0, 11), st.floats(40, 80), st.integers(30, 60))
def test_nearest_pitch(pitch_class: int, around: float, low: int) -> None:
    found = theory.nearest(pitch_class, around, low, low + 24)
    assert found % 12 == pitch_class
    assert low <= found <= low + 24
    if low + 6 <= around <= low + 18:
        assert abs(found - around) <= 6


def test_ladder() -> None:
    assert theory.ladder((0, 4, 7), 59, 72) == [60, 64, 67, 72]


@pytest.mark.parametrize(("full", "plain"), theory.PLAIN.items())
def test_a_plain_chord_lacks_only_the_ninth(full: str, plain: str) -> None:
    assert set(theory.chord_classes(0, full)) - set(theory.chord_classes(0, plain)) == {2}
