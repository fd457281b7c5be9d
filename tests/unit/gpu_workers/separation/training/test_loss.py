import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.audio.metrics import si_sdr
from gpu_workers.separation.training.loss import Products, separation_loss, si_sdr_db


def products(estimate: np.ndarray, stem: np.ndarray) -> tuple[Products, torch.Tensor]:
    parts = [torch.tensor([[float(value)]]) for value in (estimate @ stem, estimate @ estimate, stem @ stem)]
    return (parts[0], parts[1]), parts[2]


@given(seed=st.integers(0, 99), noise=st.floats(0.1, 3.0), gain=st.floats(0.2, 5.0))
def test_it_is_the_si_sdr_of_the_signals(seed: int, noise: float, gain: float) -> None:
    rng = np.random.default_rng(seed)
    stem, other = rng.normal(0, 0.02, (2, 2000))
    stem, other = stem - stem.mean(), other - other.mean()
    found, energy = products(gain * (stem + noise * other), stem)
    assert si_sdr_db(found, energy).item() == pytest.approx(si_sdr(stem, stem + noise * other), abs=0.5)


def test_it_is_held_to_thirty_db() -> None:
    stem = np.random.default_rng(0).normal(0, 1, 500)
    assert si_sdr_db(*products(stem, stem)).item() == pytest.approx(30, abs=0.1)


def one(along: float, total: float, before: float, energy: float) -> float:
    found, untouched = (
        (torch.tensor([[value]]), torch.tensor([[square]])) for value, square in ((along, total), (before, 1.0))
    )
    return separation_loss(found, untouched, torch.tensor([[energy]])).item()


def test_nearer_is_cheaper_and_worse_than_the_mixture_is_dear() -> None:
    perfect, untouched, worse = one(0.25, 0.25, 0.25, 0.25), one(0.25, 1.0, 0.25, 0.25), one(0.1, 1.0, 0.25, 0.25)
    assert perfect < -20
    assert untouched == pytest.approx(np.log(2) / 2, abs=1e-3)
    assert worse > 2 * 8.0  # 8 dB worse costs twice that


@pytest.mark.parametrize("energy", [0.0, 1e-7])
def test_what_leaks_into_a_silent_stem_counts(energy: float) -> None:
    full, half, none = (one(0.0, total, 0.0, energy) for total in (1.0, 0.01, 0.0))
    assert full == pytest.approx(0, abs=0.01)
    assert full > half > none
    assert none == pytest.approx(-9, abs=0.1)


@given(
    along=st.floats(-1, 1), total=st.floats(0, 1), before=st.floats(-1, 1), energy=st.sampled_from([0, 1e-9, 1e-4, 1])
)
def test_loss_and_gradient_are_finite_whatever_comes(along: float, total: float, before: float, energy: float) -> None:
    inner, square = torch.tensor([[along]], requires_grad=True), torch.tensor([[total]], requires_grad=True)
    untouched = torch.tensor([[before]]), torch.ones(1, 1)
    loss = separation_loss((inner, square), untouched, torch.tensor([[float(energy)]]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert inner.grad is not None
    assert square.grad is not None
    assert torch.isfinite(torch.stack([loss, inner.grad.sum(), square.grad.sum()])).all()
