import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gpu_workers.separation.masking import Plane, shared

SCORES = arrays(np.float32, (4, 3, 5), elements=st.floats(-500, 500, width=32))


@given(SCORES)
def test_shares_sum_to_one_and_keep_the_order_of_the_scores(scores: Plane) -> None:
    masks = shared(scores.copy())
    np.testing.assert_allclose(masks.sum(axis=0), 1.0, atol=1e-6)
    assert masks.min() >= 0
    order = np.argsort(scores, axis=0, kind="stable")
    assert np.all(np.diff(np.take_along_axis(masks, order, axis=0), axis=0) >= 0)


@given(SCORES, st.floats(-100, 100, width=32))
def test_what_is_added_to_all_scores_changes_nothing(scores: Plane, more: float) -> None:
    np.testing.assert_allclose(shared(scores + np.float32(more)), shared(scores.copy()), atol=2e-4)


def test_a_score_more_is_e_times_the_share() -> None:
    masks = shared(np.array([[[0.0]], [[1.0]]], np.float32))
    np.testing.assert_allclose(masks[1] / masks[0], np.e, rtol=1e-6)
