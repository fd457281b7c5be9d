"""A document of TwoShot's as an arrangement: every one that is taken makes one, and nothing of it is lost."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.dialects.twoshot.mapping.arrangement import arrangement_of
from functions.dialects.twoshot.mapping.projects import content
from functions.dialects.twoshot.schemas.projects import ProjectBody, ProjectData
from patchbay.domain.arrangement import length_s
from tests.support.twoshot_projects import DOCUMENT, DRUMS, KICK, clip, document

ID = "550e8400-e29b-41d4-a716-4466554400{:02}"


def test_the_documents_own() -> None:
    made, (reference,) = arrangement_of(ProjectBody.model_validate(DOCUMENT))
    assert (made.tempo_bpm, made.solo_track, made.solo_clip) == (120.0, None, None)
    assert (reference.audio_id, reference.sample_id) == (KICK["source"]["audioId"], 12345)
    assert (reference.generation_id, reference.output_name) == (None, None)
    assert reference.field == "tracks[0].clips[0].source"
    assert [source.name for source in made.sources] == [reference.name]
    (track,) = made.tracks
    assert (track.id, track.name, track.volume, track.pan, track.muted) == (DRUMS["id"], "Drums", 0.9, 0.0, False)
    assert track.loop_every == "auto"
    (kick,) = track.clips
    assert (kick.id, kick.source, kick.start_beats, kick.cut_start_s, kick.cut_end_s) == (
        KICK["id"],
        reference.name,
        0.0,
        0.0,
        2.5,
    )
    assert (kick.volume, kick.pan, kick.muted, kick.semitones, kick.reversed) == (0.8, 0.0, False, 0.0, False)
    assert (kick.speed, kick.preserve_pitch) == ("tempo-sync", True)


def test_every_field_of_a_clip_counts() -> None:
    told = {"position": 3, "cutStart": 0.5, "cutEnd": 1.5, "volume": 2, "pan": -0.5, "muted": True, "pitchOffset": -7}
    more = {"reversed": True, "speed": 2, "preservePitch": False}
    made, _ = arrangement_of(ProjectBody.model_validate(document(clip(**told, **more))))
    (found,) = made.tracks[0].clips
    assert (found.start_beats, found.cut_start_s, found.cut_end_s, found.volume) == (3, 0.5, 1.5, 2)
    assert (found.pan, found.muted, found.semitones, found.reversed) == (-0.5, True, -7, True)
    assert (found.speed, found.preserve_pitch) == (2.0, False)


def test_solo() -> None:
    for target, expected in (({"track": DRUMS["id"]}, (DRUMS["id"], None)), ({"clip": KICK["id"]}, (None, KICK["id"]))):
        made, _ = arrangement_of(ProjectBody.model_validate({**DOCUMENT, "soloTarget": target}))
        assert (made.solo_track, made.solo_clip) == expected


def test_one_source_for_each_that_differs() -> None:
    given_sources: list[dict[str, Any]] = [
        {"sampleId": 1},
        {"sampleId": 2},
        {"sampleId": 1},
        {"sampleId": 1, "audioId": ID.format(3)},
        {"audioId": ID.format(3)},
        {"generationJobId": ID.format(4), "outputName": "a"},
        {"generationJobId": ID.format(4), "outputName": "b"},
        {"generationJobId": ID.format(4), "outputName": "a"},
    ]
    body = document(*(clip(id=str(n), source=source) for n, source in enumerate(given_sources)))
    made, references = arrangement_of(ProjectBody.model_validate(body))
    assert [clip.source for clip in made.tracks[0].clips] == [references[n].name for n in (0, 1, 0, 2, 3, 4, 5, 4)]
    assert [one.field for one in references] == [f"tracks[0].clips[{n}].source" for n in (0, 1, 3, 4, 5, 6)]


def test_notes_beside_a_source_make_no_other() -> None:
    sources = [{"sampleId": 1}, {"sampleId": 1, "duration": 3.0, "tempo": 90}, {"sampleId": 1, "colour": {"hue": 9}}]
    body = document(*(clip(id=str(n), source=source) for n, source in enumerate(sources)))
    assert len(arrangement_of(ProjectBody.model_validate(body))[1]) == 1


def test_a_cut_past_the_end_of_its_source_makes_nothing_longer() -> None:
    data = ProjectBody.model_validate(document(clip(source={"sampleId": 1}, speed=1, position=0, cutEnd=60)))
    data.tracks[0].loopEvery = None
    kept = content(data, "name", "", lambda wanted: ({one.name: 2.0 for one in wanted}, {}))
    assert kept.duration_s == 2.0


GENERATED = {"generationJobId": st.uuids().map(str), "outputName": st.text(min_size=1, max_size=100)}
NOTES = {"duration": st.floats(0, 86_400), "tempo": st.floats(0, 1000), "colour": st.just({"hue": 0.5})}
BESIDE = {"audioId": st.uuids().map(str), **NOTES}
SOURCE = st.one_of(
    st.fixed_dictionaries({"sampleId": st.integers(1, 2**53 - 1)}, optional=BESIDE),
    st.fixed_dictionaries({"audioId": st.uuids().map(str)}, optional=NOTES),
    st.fixed_dictionaries(GENERATED, optional=BESIDE),
)
FIELDS = {
    "position": st.floats(0, 400_000),
    "volume": st.floats(0, 4),
    "pan": st.floats(-1, 1),
    "pitchOffset": st.floats(-48, 48),
    "speed": st.one_of(st.just("tempo-sync"), st.floats(0.1, 10), st.integers(1, 10)),
    "cutStart": st.floats(0, 86_000),
    "cutEnd": st.one_of(st.none(), st.floats(86_001, 86_400)),
    "muted": st.booleans(),
    "reversed": st.booleans(),
    "preservePitch": st.booleans(),
    "name": st.one_of(st.none(), st.text(max_size=200)),
}
TRACK = {
    "name": st.text(max_size=200),
    "pan": st.floats(-1, 1),
    "volume": st.floats(0, 4),
    "muted": st.booleans(),
    "loopEvery": st.one_of(st.none(), st.just("auto"), st.floats(1 / 16, 400_000)),
    "clips": st.lists(st.fixed_dictionaries({"source": SOURCE}, optional=FIELDS), max_size=3),
}
DATA = st.fixed_dictionaries(
    {"tempo": st.floats(20, 999), "tracks": st.lists(st.fixed_dictionaries({}, optional=TRACK), max_size=3)}
)


@given(DATA)
@settings(max_examples=200)
def test_whatever_is_taken_can_be_arranged_and_comes_back(data: dict[str, Any]) -> None:
    taken = ProjectData.model_validate(data)
    made, references = arrangement_of(taken)
    assert length_s(made, {}) >= 0
    assert len(references) == len(made.sources) <= sum(len(track.clips) for track in taken.tracks)
    kept = content(taken, "name", "", lambda wanted: ({}, {}))
    again = ProjectData.model_validate_json(kept.data)
    assert again == taken
    assert arrangement_of(again) == (made, references)
