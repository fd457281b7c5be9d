import numpy as np

from gpu_workers.composition.score import Chord, Score
from gpu_workers.composition.sound.catalogue import INSTRUMENTS
from gpu_workers.separation.training.data import composed


def score(**changed: object) -> Score:
    fields: dict[str, object] = {
        "seed": 0, "genre": "pop", "tempo_bpm": 120.0, "beats_per_bar": 4, "key": "D major",
        "scale": (2, 4, 6, 7, 9, 11, 1), "duration_s": 8.0, "parts": (), "sections": (), "swing": 0.0, "loop": False,
        "chords": (Chord(0, 4, 2, "", 2), Chord(4, 4, 7, "", 7), Chord(8, 8, 9, "", 9)),
    }  # fmt: skip
    return Score(**{**fields, **changed})  # type: ignore[arg-type]


def test_the_plan_of_a_score_has_its_tempo_scale_and_chords() -> None:
    plan = composed.plan_of(score())
    assert plan.beat_s == 0.5
    assert plan.tonic == 2
    assert plan.scale == (0, 2, 4, 5, 7, 9, 11)
    assert plan.chords == (0, 3, 4, 4)


def test_a_chord_off_the_scale_stands_on_the_nearest_degree() -> None:
    plan = composed.plan_of(score(chords=(Chord(0, 16, 10, "", 10),)))  # B flat, between A and B
    assert plan.chords[0] in {4, 5}


def test_every_instrument_has_a_stem() -> None:
    stems = {name: composed.stem_of(name) for name in INSTRUMENTS}
    assert {stems["kit_acoustic"], stems["tabla"], stems["taiko"]} == {"drums"}
    assert {stem for name, stem in stems.items() if name.startswith("bass")} == {"bass"}
    assert stems["piano"] == stems["strings"] == "other"
    assert set(stems.values()) == {"drums", "bass", "other"}


def test_a_composition_follows_from_its_seed_and_leaves_voices_out() -> None:
    for seed in range(12):
        piece, again = (composed.composition(np.random.default_rng(seed), 6.0, sounded=False) for _ in range(2))
        assert piece == again
        assert piece.lines
        for line in piece.lines:
            assert line.instrument not in {"choir", "vowel"}
            assert line.sound is None
            assert all(key.length_s > 0 and 0 <= key.start_s <= 6.0 for key in line.keys)


def test_a_composition_is_sounded_where_asked() -> None:
    piece = composed.composition(np.random.default_rng(1), 5.0, sounded=True)
    for line in piece.lines:
        assert line.sound is not None
        assert line.sound.shape == (2, 5 * 44100)
        assert np.isfinite(line.sound).all()
    assert any(line.sound is not None and line.sound.any() for line in piece.lines)
