import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog import backends
from patchbay.catalog.backends import BACKENDS
from patchbay.catalog.compute import QUEUED

NAMES = [each.name for each in QUEUED]


@given(st.sampled_from(BACKENDS), st.dictionaries(st.sampled_from(NAMES), st.sampled_from(BACKENDS)), st.randoms())
def test_every_queued_class_has_its_own_backend_or_the_one_for_all(general: str, own: dict[str, str], chance) -> None:  # type: ignore[no-untyped-def]
    parts = [general, *(f"{name} = {backend}" for name, backend in own.items())]
    chance.shuffle(parts)
    assert backends.parse(" , ".join(parts)) == {name: own.get(name, general) for name in NAMES}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("", "there is no backend ''; there are: batch, sagemaker, sagemaker-endpoint, none"),
        ("lambda", "there is no backend 'lambda'"),
        ("batch,gpu=spot", "there is no backend 'spot'"),
        ("batch,", "there is no backend ''"),
        ("gpu=batch", "one backend for all classes is needed"),
        ("batch,sagemaker", "one backend for all classes is needed"),
        ("batch,light=none", "there is no class 'light' with machines; there are: cpu, gpu"),
        ("batch,huge=none", "there is no class 'huge'"),
        ("batch,gpu=none,gpu=batch", "class 'gpu' is given two backends"),
    ],
)
def test_what_is_wrong_is_told_with_what_there_is(told: str, why: str) -> None:
    with pytest.raises(ValueError, match="^" + why.replace("(", r"\(")):
        backends.parse(told)
