import numpy as np
import pytest

from gpu_workers.composition.score import Note, Score
from gpu_workers.composition.sound import mixer
from gpu_workers.composition.sound.instrument import Stereo
from tests.unit.gpu_workers.composition.sound import pieces

RATE_HZ = 22050


def played(score: Score, number: int = 0, *, finished: bool = True) -> Stereo:
    """A part's stem before the master."""
    where = mixer.stage(score, RATE_HZ)
    out = np.zeros((2, where.frames), np.float32)
    mixer.dry(score.parts[number], where, out)
    if finished:
        mixer.finish(score.parts[number], where, out)
    return out


def alone(notes: list[Note], instrument: str = "piano", seconds: float = 4.0, **other: object) -> Score:
    return pieces.score([pieces.part("one", instrument, notes, **({"send_room": 0.0} | other))], seconds)


def level(x: Stereo, start_s: float, end_s: float) -> float:
    return float(np.sqrt((x[:, int(start_s * RATE_HZ) : int(end_s * RATE_HZ)] ** 2).mean()))


def test_a_note_begins_where_the_score_says() -> None:
    out = played(alone([Note(2.5, 1.0, 60, 0.8)]))
    start = round(1.25 * RATE_HZ)
    assert not out[:, :start].any()
    assert np.abs(out[:, start : start + 200]).max() > 0


def test_a_note_ends_with_its_release() -> None:
    out = played(alone([Note(0.0, 2.0, 60, 0.8)], "organ"))
    assert level(out, 0.5, 0.9) > 0.01
    assert not out[:, round(1.06 * RATE_HZ) :].any()


def test_drums_ring_however_short_the_note() -> None:
    out = played(alone([Note(0.0, 0.05, 49, 0.9)], "kit_acoustic"))
    assert level(out, 0.8, 1.0) > 1e-3


def test_a_closed_hat_ends_the_open_one() -> None:
    open_hat = [Note(0.0, 0.1, 46, 0.9)]
    rung = played(alone(open_hat, "kit_acoustic"))
    choked = played(alone([*open_hat, Note(0.4, 0.1, 42, 0.05)], "kit_acoustic"))
    assert level(choked, 0.3, 0.5) < 0.25 * level(rung, 0.3, 0.5)


def test_louder_velocities_are_louder() -> None:
    levels = [level(played(alone([Note(0.0, 1.0, 60, v)])), 0, 0.5) for v in (0.2, 0.5, 0.8, 1.0)]
    assert levels == sorted(levels)
    assert levels[3] > 4 * levels[0]


def test_same_notes_in_turn_are_not_the_same_sound() -> None:
    out = played(alone([Note(0.0, 0.5, 38, 0.8), Note(4.0, 0.5, 38, 0.8)], "kit_acoustic"), finished=False)
    half = out.shape[1] // 2
    assert not np.array_equal(out[:, :4000], out[:, half : half + 4000])


def test_pan_and_gain() -> None:
    notes = [Note(0.0, 2.0, 69, 0.8)]
    left = played(alone(notes, "flute", pan=-1.0))
    assert np.abs(left[1]).max() < 1e-6
    quiet, plain = (played(alone(notes, "flute", gain_db=db)) for db in (-6.0206, 0.0))
    np.testing.assert_allclose(quiet, 0.5 * plain, atol=1e-5)


def test_room_and_delay_go_on_after_the_note() -> None:
    notes = [Note(0.0, 0.25, 72, 0.9)]
    dry, room, delay = (
        played(alone(notes, "clavinet", send_room=a, send_delay=b)) for a, b in ((0, 0), (0.5, 0), (0, 0.5))
    )
    assert level(dry, 0.3, 0.36) == 0.0
    assert level(room, 0.3, 0.36) > 1e-4
    assert level(delay, 0.38, 0.5) > 1e-3 > level(delay, 0.3, 0.36)


def test_ducking_follows_the_kick() -> None:
    pad = pieces.part("pad", "organ", [Note(0.0, 8.0, 60, 0.7)], send_room=0.0, duck=1.0)
    kick = pieces.part("drums", "kit_electronic", [Note(4.0, 0.1, 36, 1.0)])
    with_kick = played(pieces.score([pad, kick], 4.0))
    without = played(pieces.score([pad], 4.0))
    assert level(with_kick, 2.01, 2.04) < 0.25 * level(without, 2.01, 2.04)
    assert level(with_kick, 2.6, 3.0) == pytest.approx(level(without, 2.6, 3.0), rel=0.03)


def test_automation_builds() -> None:
    score = alone([Note(0.0, 8.0, 60, 0.7)], "organ", automation=((0.0, -20.0), (8.0, 0.0)))
    out = played(score)
    assert 20 * np.log10(level(out, 2.9, 3.1) / level(out, 0.9, 1.1)) == pytest.approx(10.0, abs=2.5)


def test_in_a_loop_tails_go_round() -> None:
    part = pieces.part("one", "organ", [Note(7.0, 2.0, 60, 0.8)], send_room=0.0)
    looped, cut = (played(pieces.score([part], 4.0, loop=loop)) for loop in (True, False))
    assert level(looped, 0.0, 0.4) > 0.01
    assert level(cut, 0.0, 0.4) == 0.0


def test_very_long_notes_hold() -> None:
    out = played(alone([Note(0.0, 60.0, 57, 0.7)], "pad_warm", 30.0))
    levels = [level(out, second, second + 1) for second in range(2, 29)]
    assert min(levels) > 0.35 * max(levels)


def test_notes_that_cannot_sound_are_left_out() -> None:
    silent = [Note(9.0, 1.0, 60, 0.8), Note(0.0, 0.0, 60, 0.8), Note(0.0, 1.0, 60, 0.0)]
    assert not played(alone(silent)).any()


def test_an_unknown_instrument_is_named() -> None:
    with pytest.raises(ValueError, match="kazoo"):
        played(alone([], "kazoo"))
