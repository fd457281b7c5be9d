"""SoundForge's mixer manifest as an arrangement."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dialects.soundforge import daw
from functions.dialects.soundforge.daw import Edit, Piece
from functions.http.errors import InvalidFields
from patchbay.domain.errors import InvalidInput

seconds = st.integers(0, 60).map(lambda n: n / 4)


def edit(kind: str, start: float, end: float, stem: str = "vocals") -> Edit:
    return Edit.model_validate({"stem": stem, "type": kind, "start": start, "end": end})


@st.composite
def stretches(draw: st.DrawFn) -> Edit:
    start, length = draw(seconds), draw(st.integers(1, 40)) / 4
    return edit(draw(st.sampled_from(["cut", "mute"])), start, start + length)


def heard(edits: list[Edit], until_s: float = 30.0, step_s: float = 0.25) -> list[float | None]:
    """The straightforward way: which second of the stem sounds in each step of the mix; None is silence."""
    found: list[float | None] = []
    for number in range(int(until_s / step_s)):
        at = number * step_s
        here = {e.type for e in edits if e.start <= at < e.end}
        if "cut" not in here:
            found.append(None if "mute" in here else at)
    return found


@given(st.lists(stretches(), max_size=6))
def test_what_is_left_is_what_the_straightforward_way_leaves(edits: list[Edit]) -> None:
    wanted = heard(edits)
    pieces = daw.pieces(edits)
    for number, source_s in enumerate(wanted):
        at = number * 0.25
        here = [p for p in pieces if p.at_s <= at and (p.end_s is None or at < p.at_s + p.end_s - p.start_s)]
        assert [p.start_s + at - p.at_s for p in here] == ([] if source_s is None else [source_s])


def test_without_edits_a_stem_is_whole() -> None:
    assert daw.pieces([]) == [Piece(0.0, None, 0.0)]


def test_a_cut_moves_up_what_follows_and_a_mute_does_not() -> None:
    assert daw.pieces([edit("cut", 2, 5)]) == [Piece(0.0, 2.0, 0.0), Piece(5.0, None, 2.0)]
    assert daw.pieces([edit("mute", 2, 5)]) == [Piece(0.0, 2.0, 0.0), Piece(5.0, None, 5.0)]
    assert daw.pieces([edit("cut", 0, 5)]) == [Piece(5.0, None, 0.0)]


def test_fades_go_through_their_own_stretch_alone() -> None:
    found = daw.pieces([edit("fade_in", 0, 2), edit("fade_out", 8, 10), edit("cut", 4, 5)])
    assert found == [
        Piece(0.0, 2.0, 0.0, "in"),
        Piece(2.0, 4.0, 2.0),
        Piece(5.0, 8.0, 4.0),
        Piece(8.0, 10.0, 7.0, "out"),
        Piece(10.0, None, 9.0),
    ]


@pytest.mark.parametrize("other", [("cut", 1, 3), ("mute", 1.5, 1.75), ("fade_out", 1, 4), ("fade_in", 0, 2)])
def test_what_reaches_into_a_fade_is_refused(other: tuple[str, float, float]) -> None:
    with pytest.raises(InvalidInput, match="overlaps") as caught:
        daw.pieces([edit("fade_in", 0, 2), edit(*other)])
    assert caught.value.field == "manifest.edits"


def test_volumes_and_pans_are_the_tracks() -> None:
    told = daw.read(json.dumps({"volumes": {"vocals": 0.5}, "pans": {"bass": -1}}))
    found = daw.arrangement(told, ["vocals", "bass"])
    assert [(t.name, t.volume, t.pan) for t in found.tracks] == [("vocals", 0.5, 0.0), ("bass", 1.0, -1.0)]
    assert found.beat_s == 1.0
    assert [source.name for source in found.sources] == ["vocals", "bass"]


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        ({"volumes": {"vocals": 1.5}}, "manifest.volumes.vocals"),
        ({"pans": {"vocals": -2}}, "manifest.pans.vocals"),
        ({"edits": [{"stem": "vocals", "type": "reverse", "start": 0, "end": 1}]}, "manifest.edits.0.type"),
        ({"edits": [{"stem": "vocals", "type": "cut", "start": 2, "end": 1}]}, "manifest.edits.0"),
        ({"edits": [{"stem": "vocals", "type": "cut", "start": -1, "end": 1}]}, "manifest.edits.0.start"),
        ({"edits": [{"stem": "vocals", "type": "cut"}]}, "manifest.edits.0.start"),
        ({"edits": [{"stem": "vocals", "type": "cut", "start": 0, "end": 1}] * 501}, "manifest.edits"),
        ([], "manifest"),
    ],
)
def test_a_wrong_manifest_names_the_place(manifest: object, field: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        daw.read(json.dumps(manifest))
    assert caught.value.problems[0].field == field


@pytest.mark.parametrize("text", ["x", "{", '{"volumes": {"a": NaN}}', "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidFields):
        daw.read(text)


@pytest.mark.parametrize("field", ["volumes", "pans"])
def test_stems_that_did_not_come_are_named(field: str) -> None:
    with pytest.raises(InvalidInput, match="there is no stem 'drums'") as caught:
        daw.arrangement(daw.read(json.dumps({field: {"drums": 0.5}})), ["vocals"])
    assert caught.value.field == f"manifest.{field}"


@pytest.mark.parametrize("kind", ["fade_in", "fade_out"])
def test_a_fade_is_no_longer_than_a_clips_can_be(kind: str) -> None:
    longest = daw.read(json.dumps({"edits": [{"stem": "a", "type": kind, "start": 0, "end": 3600}]}))
    assert daw.arrangement(longest, ["a"]).tracks[0].clips[0].cut_end_s == 3600
    with pytest.raises(InvalidFields, match="3600 s at most") as caught:
        daw.read(json.dumps({"edits": [{"stem": "a", "type": kind, "start": 1, "end": 3602}]}))
    assert [problem.field for problem in caught.value.problems] == ["manifest.edits.0"]


def test_a_cut_to_the_last_second_leaves_no_rest() -> None:
    """However long a stem is: whoever exports a stretch of it need not know."""
    cuts = [{"stem": "a", "type": "cut", "start": start, "end": end} for start, end in ((0, 1.5), (9.5, 86_400))]
    manifest = daw.read(json.dumps({"edits": cuts}))
    (piece,) = daw.pieces(manifest.edits)
    assert (piece.start_s, piece.end_s, piece.at_s) == (1.5, 9.5, 0.0)
    assert [len(track.clips) for track in daw.arrangement(manifest, ["a", "b"]).tracks] == [1, 1]
