"""Lengths, tempos and keys."""

import pytest

from patchbay.catalog.prompts.measures import find_key, take_bars, take_bpm, take_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1m30s", 90),
        ("1 h", 3600),
        ("1 min and 5 sec", 65),
        ("1 minute, 5 seconds", 65),
        ("1500 ms", 1.5),
        ("1:02:03", 3723),
        ("2:30 min", 150),
        ("90s hip hop", None),
        ("90s hip hop, 45s", 45),
        ("808s", None),
        ("808 s", None),
        ("808 seconds", 808),
        ("mp3s", None),
        ("at 8:15 pm", None),
        ("v1.30s", None),
    ],
)
def test_lengths(text: str, seconds: float | None) -> None:
    assert take_duration(text)[0] == seconds


def test_what_was_read_is_taken_out() -> None:
    _, words, rest = take_duration("a 30 second song")
    assert (words, rest.split()) == ("30 second", ["a", ";", "song"])


@pytest.mark.parametrize(
    ("text", "bpm"),
    [("120bpm", 120), ("bpm: 90", 90), ("tempo of 75", 75), ("80-90 bpm", 85), ("100 to 110 bpm", 105), ("120", None)],
)
def test_tempos(text: str, bpm: float | None) -> None:
    assert take_bpm(text)[0] == bpm


def test_bars_need_a_tempo() -> None:
    assert take_bars("8 bars", 120)[0] == 16
    assert take_bars("8 bars", None) == (None, "", " ; ")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("in A minor", "A minor"),
        ("in a minor", "A minor"),
        ("in a minor key", None),
        ("a minor role", None),
        ("a minor problem", None),
        ("A minor hit", None),
        ("B flat major", "Bb major"),
        ("f# dorian", "F# dorian"),
        ("G♯ min", "G# minor"),
        ("in Eb", "Eb major"),
        ("key of C", "C major"),
        ("in Cm", "C minor"),
        ("in F#m, slow", "F# minor"),
        ("in A", "A major"),
        ("in A forest", None),
        ("in G and fast", "G major"),
        ("in Berlin", None),
        ("D-minor", "D minor"),
    ],
)
def test_keys(text: str, key: str | None) -> None:
    assert find_key(text)[0] == key
