"""Lists of the largest things there can be, with links as long as the cloud's: every answer fits into a Lambda's."""

from typing import Any

import pytest

from functions.http.sizes import MAX_ANSWER_BYTES
from patchbay.catalog.composition import MAX_FILES, MAX_SECTIONS
from patchbay.core.jobs import MAX_BODY_BYTES, MAX_PAGE
from patchbay.domain.formats import FORMATS
from tests.contract.test_native import BASE
from tests.fakes.gateway import Api
from tests.fakes.world import Tenant, World
from tests.support.beatoven import carry_out, posted
from tests.support.lambdas import LAMBDA_BYTES, LINK_CHARS, in_lambda, lengthen_links

SECTIONS, COMPOSITIONS = 12, 14
LARGEST = {
    "duration_s": 60.0,
    "sections": [{"emotion": "calm", "start_s": 5.0 * n, "length_s": 5.0} for n in range(SECTIONS)],
    "versions": 4,
    "formats": list(FORMATS),
    "stems": True,
    "sections_audio": True,
    "section_stems": True,
}
"""A composition with the most files: 4 versions of 12 sections, all of them with stems."""
FILES = len(FORMATS) * 5 + 4 * SECTIONS * 6 + 3
QUOTES = '"' * ((MAX_BODY_BYTES - 1000) // 2)
"""What takes most room in an answer, as much of it as a job or a track may have."""


@pytest.fixture
def composed(musicai: Api, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the largest compositions, newest first."""
    lengthen_links(world, monkeypatch)
    ids = []
    for number in range(COMPOSITIONS):
        order = {"name": "large", "workflow": "compose", "params": {**LARGEST, "seed": number}}
        ids.append(posted(musicai, "/v1/job", order)["id"])
        carry_out(world, ada.id, ids[-1])
        world.clock.advance(seconds=1)
    return ids[::-1]


def links(job: dict[str, Any]) -> list[str]:
    return [value for value in job["result"].values() if str(value).startswith("https://")]


def test_music_ai_lists_the_newest_that_fit(musicai: Api, composed: list[str]) -> None:
    page, size = in_lambda(musicai, "/v1/job")
    assert size <= LAMBDA_BYTES
    assert size * (len(page) + 1) / len(page) > MAX_ANSWER_BYTES, "as many as fit"
    assert [job["id"] for job in page] == composed[: len(page)]
    assert all(len(links(job)) == FILES for job in page)
    assert {len(link) for job in page for link in links(job)} == {LINK_CHARS}


@pytest.mark.parametrize("query", [("page", "0"), ("size", "14"), ("size", "100")])
def test_a_page_of_music_ai_is_whole_or_refused(musicai: Api, composed: list[str], query: tuple[str, str]) -> None:
    answer = musicai.get("/v1/job", query)
    fit = len(in_lambda(musicai, "/v1/job")[0])
    assert (answer.status, answer.json()["code"], answer.json()["field"]) == (400, "BAD_INPUT", "size")
    assert (
        f"the {COMPOSITIONS} jobs of this page are too large for one answer; the first {fit} would fit" in answer.text
    )
    pages = [in_lambda(musicai, "/v1/job", ("page", str(n)), ("size", str(fit)))[0] for n in range(3)]
    assert [len(page) for page in pages] == [fit, COMPOSITIONS - fit, 0]
    assert [job["id"] for page in pages for job in page] == composed


def test_filters_do_not_outgrow_an_answer_either(musicai: Api, composed: list[str]) -> None:
    page, size = in_lambda(musicai, "/v1/job", ("status", "SUCCEEDED"), ("workflow", "compose"))
    assert size <= LAMBDA_BYTES
    assert [job["id"] for job in page] == composed[: len(page)]
    assert 1 < len(page) < COMPOSITIONS


def test_the_largest_composition_alone_fits_everywhere(
    musicai: Api, native: Api, beatoven: Api, composed: list[str]
) -> None:
    for api, path in (
        (musicai, f"/v1/job/{composed[0]}"),
        (native, f"{BASE}/jobs/{composed[0]}"),
        (beatoven, f"/api/v2/status/{composed[0]}"),
    ):
        _, size = in_lambda(api, path)
        assert 192 * LINK_CHARS < size < LAMBDA_BYTES / 4, path


@pytest.mark.parametrize("query", [(), (("state", "queued"),), (("dialect", "native"),)])
def test_patchbays_own_pages_end_early_and_go_on(
    native: Api, world: World, ada: Tenant, query: tuple[tuple[str, str], ...]
) -> None:
    order = {"workflow": "compose", "metadata": {"x": QUOTES}}
    ids = [posted(native, f"{BASE}/jobs", order)["id"] for _ in range(MAX_PAGE)]
    page, size = in_lambda(native, f"{BASE}/jobs", ("limit", str(MAX_PAGE)), *query)
    first = len(page["jobs"])
    assert 1 < first < MAX_PAGE
    assert size <= LAMBDA_BYTES
    assert size * (first + 1) / first > MAX_ANSWER_BYTES, "as many as fit"
    rest = native.get(f"{BASE}/jobs", ("limit", str(MAX_PAGE)), ("cursor", page["next_cursor"]), *query).json()
    assert rest["next_cursor"] is None
    assert [job["id"] for job in page["jobs"] + rest["jobs"]] == ids[::-1]


def test_the_list_of_tracks_ends_where_no_more_titles_fit(beatoven: Api) -> None:
    made = [posted(beatoven, "/api/v1/tracks", {"genre": "pop", "title": [QUOTES]})["uuid"] for _ in range(MAX_PAGE)]
    found, size = in_lambda(beatoven, "/api/v1/tracks")
    count = len(found["tracks"])
    assert [track["project_id"] for track in found["tracks"]] == made[: -count - 1 : -1], "the newest"
    assert 1 < count < MAX_PAGE
    assert size <= LAMBDA_BYTES
    assert size * (count + 1) / count > MAX_ANSWER_BYTES, "as many as fit"


def test_a_piece_of_as_many_sections_as_there_can_be_is_kept_and_told(
    musicai: Api, world: World, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the order to the answer: the records of a job and its step hold it, and so does an answer."""
    lengthen_links(world, monkeypatch)
    many = [{"emotion": "calm", "start_s": 5.0 * n, "length_s": 5.0} for n in range(MAX_SECTIONS)]
    wish = {"duration_s": 5.0 * MAX_SECTIONS, "sections": many, "versions": 4, "section_stems": True}
    made = posted(musicai, "/v1/job", {"name": "large", "workflow": "compose", "params": wish})["id"]
    job = carry_out(world, ada.id, made)
    files = [output for output in job.outputs if output.key]
    assert len(files) == MAX_FILES
    body, size = in_lambda(musicai, f"/v1/job/{made}")
    assert body["status"] == "SUCCEEDED"
    assert size < LAMBDA_BYTES
    wish["stems"] = True
    refused = musicai.post("/v1/job", {"name": "larger", "workflow": "compose", "params": wish})
    assert (refused.status, refused.json()["field"]) == (400, "params.section_stems")
    assert f"{MAX_FILES} go into one job" in refused.text
