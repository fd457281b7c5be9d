"""From readings to parameters."""

from hypothesis import given, settings
from hypothesis import strategies as st

from patchbay.catalog import workflows
from patchbay.catalog.composition import EMOTIONS, MAX_DURATION_S, MIN_DURATION_S
from patchbay.catalog.prompts import brief
from patchbay.catalog.prompts.passages import Passage
from patchbay.catalog.prompts.understand import understand


def test_only_what_was_said_is_a_parameter() -> None:
    assert brief.params(understand("music")) == {}
    told = brief.params(understand("a fast 45 second pop loop in G with piano, without choir"))
    assert told == {
        "duration_s": 45,
        "genre": "pop",
        "tempo": "fast",
        "key": "G major",
        "include": ["piano"],
        "exclude": ["choir"],
        "loop": True,
    }


@given(
    st.lists(st.tuples(st.sampled_from(EMOTIONS), st.floats(0.5, 3)), min_size=1, max_size=12),
    st.floats(MIN_DURATION_S, MAX_DURATION_S),
)
@settings(max_examples=80, deadline=None)
def test_passages_fill_every_length(told: list[tuple[str, float]], duration_s: float) -> None:
    duration_s = round(duration_s, 3)
    made = brief.sections([Passage(*one) for one in told], duration_s)
    params = {"duration_s": duration_s, "sections": made}
    assert workflows.get("compose").parse(params).model_dump()["duration_s"] == duration_s
    assert brief.stretched(made, duration_s * 2)[-1]["emotion"] == made[-1]["emotion"]
