import pytest

from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.domain.errors import InvalidInput
from patchbay.domain.formats import check_encoding

WORKFLOW = workflows.get("sample-preparation")


def test_one_job_finds_the_facts_and_makes_a_short_mp3() -> None:
    analysis, preview = WORKFLOW.plan(WORKFLOW.parse({}), Shelf(()))
    assert analysis.params == {"features": ["tempo", "key", "peaks"]}
    assert preview.params == {"format": "mp3", "bitrate_kbps": 128, "first_s": 30.0}
    check_encoding(preview.params)
    assert (analysis.after, preview.after) == (None, None), "both hear the file itself"
    assert WORKFLOW.files(WORKFLOW.parse({}), Shelf(()), has_input=True) == ("analysis", "preview")


@pytest.mark.parametrize("given", [0, -1, 121, "long"])
def test_a_preview_is_short(given: object) -> None:
    with pytest.raises(InvalidInput) as told:
        WORKFLOW.parse({"preview_s": given})
    assert told.value.field == "preview_s"


def test_its_length_can_be_asked_for() -> None:
    _, preview = WORKFLOW.plan(WORKFLOW.parse({"preview_s": 10}), Shelf(()))
    assert preview.params["first_s"] == 10
