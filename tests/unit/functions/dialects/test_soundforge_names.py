"""SoundForge's ids and paths that tell what they are of."""

import uuid
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.dialects.soundforge import names
from patchbay.domain.errors import NotFound
from patchbay.domain.ids import new_id

JOB = "0198c0de-0000-7000-8000-000000000001"
file_names = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/"), min_size=1, max_size=40
)


@given(st.integers(0, 7))
def test_a_stems_id_tells_its_job_and_its_place(place: int) -> None:
    job_id = new_id()
    stem = names.stem_id(job_id, place)
    assert names.parse_stem_id(stem) == (job_id, place)
    assert str(uuid.UUID(stem)) == stem


def test_stems_of_all_jobs_have_ids_of_their_own() -> None:
    jobs = [new_id() for _ in range(50)]
    ids = {names.stem_id(job, place) for job in jobs for place in range(8)}
    assert len(ids) == 400
    assert ids.isdisjoint(jobs)


@pytest.mark.parametrize("text", ["", "x", JOB, JOB.replace("-7", "-4", 1), JOB.upper(), JOB[:14] + "8", "8" * 36])
def test_what_is_no_stems_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        names.parse_stem_id(text)


@pytest.mark.parametrize("place", [-1, 8])
def test_there_are_eight_places(place: int) -> None:
    with pytest.raises(ValueError, match="8 stems"):
        names.stem_id(JOB, place)


@given(file_names)
def test_a_path_tells_what_it_is_of(name: str) -> None:
    told = names.path_of("downloads", JOB, name)
    path = unquote(told)
    assert path.startswith("/files/downloads/")
    assert names.parse_told(told) == names.parse_path(path)
    found = names.parse_path(path)
    assert (found.place, found.owner_id, found.name) == ("downloads", JOB, name)
    assert names.parse_path(path.removeprefix("/files/")) == found


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/files",
        f"/files/stems/{JOB}",
        f"/files/stems/{JOB}/",
        f"/files/stems/../{JOB}/vocals.wav",
        f"/files/stems/{JOB}/../../etc/passwd",
        f"/files/stems/{JOB}/a/b.wav",
        f"/files/other/{JOB}/a.wav",
        f"/files/stems/{JOB}/a\x00.wav",
        "/files/stems/not-an-id/a.wav",
        "https://example.org/files/stems/x/a.wav",
        f"//files/stems/{JOB}/a.wav",
        f"/files/stems/{JOB}/" + "a" * 301,
    ],
)
def test_what_is_no_path_of_ours_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        names.parse_path(path)
