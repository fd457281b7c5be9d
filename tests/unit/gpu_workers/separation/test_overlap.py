import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.separation.overlap import chunk_offsets, overlap_add, triangle


@given(total=st.integers(1, 2000), segment=st.integers(4, 300), overlap=st.floats(0.0, 0.7))
def test_a_model_that_changes_nothing_changes_nothing(total: int, segment: int, overlap: float) -> None:
    stride = max(int((1 - overlap) * segment), 1)
    samples = np.random.default_rng(total).uniform(-1, 1, (2, 2, total)).astype(np.float32)
    chunks = [samples[..., start : start + segment] for start in chunk_offsets(total, stride)]
    blocks = list(overlap_add(chunks, total, segment, stride))
    assert max(block.shape[-1] for block in blocks) <= stride
    np.testing.assert_allclose(np.concatenate(blocks, axis=-1), samples, atol=1e-6)


def test_triangle_is_never_zero_and_largest_in_the_middle() -> None:
    np.testing.assert_allclose(triangle(6), np.array([1, 2, 3, 3, 2, 1]) / 3)
    np.testing.assert_allclose(triangle(5), np.array([1, 2, 3, 2, 1]) / 3)


def test_a_missing_chunk_is_noticed() -> None:
    with pytest.raises(ValueError, match="zip"):
        list(overlap_add([np.zeros((1, 1, 10), np.float32)], 20, 10, 10))


def test_earlier_blocks_come_before_later_chunks_are_asked_for() -> None:
    asked: list[int] = []

    def chunks() -> object:
        for start in chunk_offsets(100, 10):
            asked.append(start)
            yield np.zeros((1, 1, min(12, 100 - start)), np.float32)

    blocks = overlap_add(chunks(), 100, 12, 10)  # type: ignore[arg-type]
    next(blocks)
    assert asked == [0]
