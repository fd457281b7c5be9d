import pytest
import torch
from demucs.hdemucs import HDemucs

from gpu_workers.separation.precision import can_run_in_bf16, cpu_has_bf16, halve_body, keep_freed_memory
from tests.unit.gpu_workers.separation.tiny import HYBRID, SPECTRAL, make


@pytest.mark.parametrize("changes", [{}, {"t_layers": 0}, {"bottom_channels": 0, "t_heads": 2}])
def test_the_body_is_bf16_and_the_answer_fp32(changes: dict[str, int]) -> None:
    mixture = torch.randn(1, 2, 22050, generator=torch.Generator().manual_seed(0))
    model = make(kwargs={**HYBRID, **changes})
    assert can_run_in_bf16(model)
    with torch.inference_mode():
        expected = model(mixture)
        halve_body(model)
        found = model(mixture)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert found.dtype == torch.float32
    assert float((found - expected).norm() / expected.norm()) < 1e-2


def test_models_it_does_not_know_are_left_alone() -> None:
    assert not can_run_in_bf16(make(kind=HDemucs, kwargs=SPECTRAL))
    assert not can_run_in_bf16(make(kwargs={**HYBRID, "t_sparse_self_attn": True}))


def test_asking_the_machine() -> None:
    keep_freed_memory()
    assert isinstance(cpu_has_bf16(), bool)
