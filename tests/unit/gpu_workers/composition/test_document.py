import json
import math
from itertools import pairwise

from gpu_workers.composition.compose import compose
from gpu_workers.composition.document import composition
from gpu_workers.composition.groups import heard
from gpu_workers.composition.score import Score
from tests.unit.gpu_workers.composition.listening import chain


def score() -> Score:
    return compose(chain("rnb", "calm", "energetic", each_s=16.0, seed=7))


def test_it_tells_the_music_in_seconds() -> None:
    piece = score()
    told = composition(piece, [0, 1], [heard(piece)], lufs=-14.004, true_peak_dbtp=-1.2345)
    assert (told["key"], told["seed"], told["duration_s"]) == (piece.key, 7, 32.0)
    assert (told["lufs"], told["true_peak_dbtp"]) == (-14.0, -1.23)
    assert [(one["start_s"], one["length_s"], one["version"]) for one in told["sections"]] == [(0, 16, 0), (16, 16, 1)]
    assert told["sections"][0]["energy"] < told["sections"][1]["energy"]
    assert told["instruments"] == [[one["instruments"] for one in told["sections"]]]
    assert {one["stem"] for one in told["parts"]} <= {"bass", "chords", "melody", "percussion"}
    assert sum(one["notes"] for one in told["parts"]) == sum(len(part.notes) for part in piece.parts)


def test_beats_and_chords_cover_the_piece() -> None:
    piece = score()
    told = composition(piece, [0, 0], [heard(piece)], lufs=-14, true_peak_dbtp=-1)
    assert set(told["downbeats"]) <= set(told["beats"])
    gaps = [later - beat for beat, later in pairwise(told["beats"])]
    assert all(abs(gap - 60 / told["tempo_bpm"]) < 0.1 * gap for gap in gaps)
    assert told["beats"][-1] < 32 <= told["beats"][-1] + 2 * max(gaps)
    chords = told["chords"]
    assert (chords[0]["start_s"], chords[-1]["end_s"]) == (0.0, 32.0)
    assert all(one["end_s"] == after["start_s"] for one, after in pairwise(chords))


def test_silence_has_no_level() -> None:
    piece = score()
    told = composition(piece, [0, 0], [], lufs=-math.inf, true_peak_dbtp=-math.inf)
    assert (told["lufs"], told["true_peak_dbtp"]) == (None, None)
    json.dumps(told, allow_nan=False)
