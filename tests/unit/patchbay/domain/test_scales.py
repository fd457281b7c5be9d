import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.domain.errors import InvalidInput
from patchbay.domain.scales import MODES, normal_scale, scale_class

TONICS = [letter + accidental for letter in "CDEFGAB" for accidental in ("", "#", "b")]
SCALES = [f"{tonic} {mode}" for tonic in TONICS for mode in MODES]


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("A Minor", "A Minor"),
        ("a minor", "A Minor"),
        ("f# min", "F# Minor"),
        ("Am", "A Minor"),
        ("AM", "A Major"),
        ("C", "C Major"),
        ("Bb", "Bb Major"),
        ("bb", "Bb Major"),
        ("b minor", "B Minor"),
        ("bm", "B Minor"),
        ("B♭ maj", "Bb Major"),
        ("C♯-dorian", "C# Dorian"),
        ("  e_harmonic   minor ", "E Harmonic Minor"),
        ("D aeolian", "D Minor"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_ways_to_write_a_scale(given_as: str, stored: str) -> None:
    assert normal_scale(given_as) == stored


@pytest.mark.parametrize(
    "text", ["H Minor", "A Minorr", "A B", "C##", "minor", "12", "A Minor x", "A\0", "A" * 100, "é"]
)
def test_what_is_no_scale_is_told_with_what_is(text: str) -> None:
    with pytest.raises(InvalidInput, match="Mixolydian") as told:
        normal_scale(text)
    assert told.value.field == "scale"


@given(st.text(max_size=80))
def test_whatever_is_given_is_a_scale_or_refused(text: str) -> None:
    try:
        found = normal_scale(text)
    except InvalidInput:
        return
    assert found == "" or found in SCALES
    assert normal_scale(found) == found


def test_scales_of_the_same_notes_are_of_one_class_and_no_others() -> None:
    assert scale_class("Bb Minor") == scale_class("A# Minor") != scale_class("Bb Major")
    assert scale_class("Cb Major") == scale_class("B Major") == "11-major"
    assert scale_class("") == ""
    classes = {scale_class(scale) for scale in SCALES}
    assert len(classes) == 12 * len(MODES)
    assert all(" " not in word and "#" not in word for word in classes)
