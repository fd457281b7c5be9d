from __future__ import annotations

import io
import itertools

import mido
import pytest

from gpu_workers.composition.arrange import FAMILY
from gpu_workers.composition.compose import compose
from gpu_workers.composition.midi import DRUM_KITS, PROGRAMS, midi_bytes
from gpu_workers.composition.score import Brief, Score, SectionWish
from tests.unit.gpu_workers.composition.listening import chain, one


def read(score: Score) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(midi_bytes(score)))


@pytest.fixture(scope="module")
def score() -> Score:
    return compose(chain("pop", "sad", "happy", seed=2))


def test_the_header(score: Score) -> None:
    file = read(score)
    assert file.type == 1
    assert file.ticks_per_beat == 480
    assert len(file.tracks) == len(score.parts) + 1
    assert [track.name for track in file.tracks] == ["conductor", *(part.name for part in score.parts)]


def test_it_lasts_as_long_as_the_piece(score: Score) -> None:
    assert read(score).length == pytest.approx(score.duration_s, abs=0.01)


def test_tempo_metre_and_key(score: Score) -> None:
    messages = {message.type: message for message in reversed(read(score).tracks[0])}
    assert mido.tempo2bpm(messages["set_tempo"].tempo) == pytest.approx(score.tempo_bpm, rel=1e-5)
    assert messages["time_signature"].numerator == score.beats_per_bar
    assert messages["key_signature"].key.rstrip("m")[0] == score.sections[0].key[0]


def test_markers_for_sections_and_chords(score: Score) -> None:
    texts = [message.text for message in read(score).tracks[0] if message.type == "marker"]
    assert sum(text.startswith("section ") for text in texts) == 2
    assert len(texts) == 2 + len(score.chords)


@pytest.mark.parametrize(("genre", "emotion"), [("pop", "happy"), ("indian", "joyful"), ("electronic", "energetic")])
def test_every_note_is_there(genre: str, emotion: str) -> None:
    written = one(genre, emotion, length_s=20.0)
    file = read(written)
    for part, track in zip(written.parts, file.tracks[1:], strict=True):
        at = 0
        starts, ends = [], 0
        for message in track:
            at += message.time
            if message.type == "note_on":
                starts.append(at)
            ends += message.type == "note_off"
        assert starts == sorted(round(note.start_beats * 480) for note in part.notes)
        assert ends == len(part.notes)


def test_drums_have_their_channel_and_others_a_program(score: Score) -> None:
    for part, track in zip(score.parts, read(score).tracks[1:], strict=True):
        program = next(message for message in track if message.type == "program_change")
        assert (program.channel == 9) == (part.instrument in DRUM_KITS)
        assert program.program == {**PROGRAMS, **DRUM_KITS}[part.instrument]


def test_every_instrument_has_a_program() -> None:
    assert set(PROGRAMS) | set(DRUM_KITS) == set(FAMILY)


def test_an_odd_bar_has_its_own_metre() -> None:
    wishes = (SectionWish("happy", 0.0, 9.5), SectionWish("sad", 9.5, 14.2), SectionWish("happy", 23.7, 11.6))
    odd = compose(Brief("pop", 35.3, 130.0, wishes))
    lengths = [round(b - a) for a, b in itertools.pairwise(odd.bars)]
    metres = [message.numerator for message in read(odd).tracks[0] if message.type == "time_signature"]
    assert set(lengths) - {4}
    assert set(metres) >= set(lengths)
