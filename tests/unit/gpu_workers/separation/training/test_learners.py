import numpy as np
import pytest
import torch

from gpu_workers.audio.metrics import si_sdr
from gpu_workers.audio.stft import inverse_stft, stft
from gpu_workers.separation.masking import FFT_FRAMES, HOP_FRAMES
from gpu_workers.separation.small_cells import CELLS, spread
from gpu_workers.separation.training.learners import (
    Arrays,
    Audio,
    DemucsLearner,
    MaskLearner,
    prepare_masks,
    prepare_signals,
)
from gpu_workers.separation.training.loss import si_sdr_db
from tests.unit.gpu_workers.separation.small_models import Tones, tiny_net
from tests.unit.gpu_workers.separation.tiny import make


def noisy(frames: int = 63 * HOP_FRAMES, seed: int = 0) -> tuple[Audio, Audio]:
    """Four noises of unlike loudness, that no mask tells apart altogether."""
    rng = np.random.default_rng(seed)
    stems = rng.normal(0, 1, (1, 4, 2, frames)) * np.array([0.1, 0.05, 0.2, 0.02])[:, None, None]
    return stems.sum(axis=1).astype(np.float32), stems.astype(np.float32)


def tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(part) for name, part in arrays.items()}


@pytest.mark.parametrize("first", [0, 1])
def test_products_tell_the_si_sdr_of_the_signals(first: int) -> None:
    mixtures, stems = noisy()
    slope = np.linspace(0, 0.5, CELLS, dtype=np.float32)
    masks = np.stack([slope, 0.5 - slope, 0.2 + 0 * slope, 0.3 + 0 * slope])  # alike at all times
    batch = prepare_masks(mixtures, stems, first)
    along = (masks[:, None] * batch["cross"][0]).sum((1, 2))
    total = (masks[:, None] ** 2 * batch["power"][0]).sum((1, 2))
    told = si_sdr_db((torch.from_numpy(along), torch.from_numpy(total)), torch.from_numpy(batch["energy"][0]))
    spectrum = stft(mixtures[0], FFT_FRAMES, HOP_FRAMES)
    for stem, mask, told_db in zip(stems[0], masks, told.tolist(), strict=True):
        estimate = inverse_stft(spread(mask) * spectrum, FFT_FRAMES, HOP_FRAMES, stem.shape[1])
        assert told_db == pytest.approx(si_sdr(stem, estimate), abs=0.15)


def test_even_and_odd_batches_look_at_all_frames_between_them() -> None:
    mixtures, stems = noisy()
    even, odd = prepare_masks(mixtures, stems, 4), prepare_masks(mixtures, stems, 5)
    assert (int(even["first"]), int(odd["first"])) == (0, 1)
    np.testing.assert_array_equal(even["features"], odd["features"])
    spectrum = stft(mixtures[0], FFT_FRAMES, HOP_FRAMES)
    power = (np.abs(spectrum) ** 2).sum(axis=(0, 2))
    for part, frames in ((even, power[0::2]), (odd, power[1::2])):
        assert part["power"].shape == part["cross"][:, 0].shape == (1, 32, CELLS)
        np.testing.assert_allclose(part["power"][0].sum(axis=1), frames / frames.sum(), rtol=1e-3)


def test_stems_that_sum_to_the_mixture_have_products_that_do() -> None:
    batch = prepare_masks(*noisy(), 1)
    np.testing.assert_allclose(batch["cross"].sum(axis=1), batch["power"], atol=1e-6)
    assert all(part.dtype == np.float32 for name, part in batch.items() if name != "first")


def test_silence_is_prepared_like_anything_else() -> None:
    silence = np.zeros((1, 2, 20 * HOP_FRAMES), np.float32)
    batch = prepare_masks(silence, np.zeros((1, 4, 2, 20 * HOP_FRAMES), np.float32), 0)
    assert all(np.isfinite(part).all() for part in batch.values())
    assert torch.isfinite(MaskLearner(tiny_net()).loss(tensors(batch)))


def test_masks_separate_to_stems_that_sum_to_the_mixture() -> None:
    net = tiny_net()
    mixtures, _ = noisy()
    stems = MaskLearner(net).separate(net, mixtures[0])
    np.testing.assert_allclose(stems.sum(axis=0), mixtures[0], atol=1e-5)


def test_a_demucs_network_learns_by_the_same_loop() -> None:
    net = make(0)
    learner = DemucsLearner(net)
    mixtures, stems = Tones(frames=22_050).batch(0, 2)
    batch = tensors(prepare_signals(100 * mixtures, 100 * stems, 0))
    torch.testing.assert_close(batch["mixtures"].std(dim=(1, 2), correction=0), torch.ones(2))
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    losses = []
    for _ in range(4):
        optimiser.zero_grad()
        loss = learner.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert learner.separate(net.eval(), mixtures[0]).shape == (4, *mixtures[0].shape)
