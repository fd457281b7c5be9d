"""A window's codes are those of its audio, and a window goes on from the codes that it is given."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gpu_workers.generation.loading import Loaded
from gpu_workers.generation.sampling import Made, sample, seeded
from gpu_workers.generation.windows import Window
from gpu_workers.generation.wish import Wish
from patchbay.domain.errors import TaskCancelled
from tests.unit.gpu_workers.generation import tiny

WISH = Wish.from_params(tiny.PARAMS)
FIRST = Window(0, 40, 0)


@pytest.fixture(params=["text_model", "stereo_model", "melody_model"])
def model(request: pytest.FixtureRequest) -> Loaded:
    found: Loaded = request.getfixturevalue(request.param)
    return found


def make(model: Loaded, wish: Wish = WISH, seed: int = 1, **changes: Any) -> Made:
    given: dict[str, Any] = {"window": FIRST, "before": None, "melody": None, "told": lambda done: None, **changes}
    with seeded(seed, model.device):
        return sample(model, wish, **given)


def decoded(model: Loaded, codes: torch.Tensor) -> np.ndarray[Any, Any]:
    """The codec's own answer to codes (codebooks, steps); of stereo models every other codebook is the left's."""
    heard = [
        model.network.audio_encoder.decode(codes[channel :: model.channels][None, None], [None]).audio_values[0]
        for channel in range(model.channels)
    ]
    return torch.cat(heard).numpy()


def test_the_codes_are_those_of_the_audio(model: Loaded) -> None:
    made = make(model)
    assert made.codes.shape == (model.config.decoder.num_codebooks, 40)
    assert made.audio.shape == (model.channels, 40 * tiny.HOP_FRAMES)
    assert 0 <= int(made.codes.min()) <= int(made.codes.max()) < tiny.CODES
    np.testing.assert_allclose(made.audio, decoded(model, made.codes), atol=1e-6)


def test_a_window_goes_on_from_what_is_known(model: Loaded) -> None:
    known = make(model).codes[:, -15:]
    made = make(model, seed=2, window=Window(25, 65, 15), before=known)
    assert torch.equal(made.codes[:, :15], known)
    assert made.codes.shape[1] == 40
    np.testing.assert_allclose(made.audio, decoded(model, made.codes), atol=1e-6)
    other = make(model, seed=2, window=Window(25, 65, 15), before=(known + 1) % tiny.CODES)
    assert not torch.equal(made.codes[:, 15:], other.codes[:, 15:])


def test_a_window_of_one_new_step(model: Loaded) -> None:
    known = make(model).codes[:, -15:]
    made = make(model, window=Window(25, 41, 15), before=known)
    assert made.codes.shape[1] == 16
    assert made.audio.shape[1] == 16 * tiny.HOP_FRAMES


def test_the_same_seed_gives_the_same_and_another_does_not(model: Loaded) -> None:
    first, again, other = make(model), make(model), make(model, seed=2)
    assert first.audio.tobytes() == again.audio.tobytes()
    assert first.audio.tobytes() != other.audio.tobytes()


def test_chance_outside_goes_on_as_if_nothing_had_been(text_model: Loaded) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make(text_model)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    "changes", [{"prompt": "happy drums"}, {"temperature": 5.0}, {"top_k": 2}, {"top_p": 0.05}, {"guidance": 12.0}]
)
def test_each_wish_has_an_effect(text_model: Loaded, changes: dict[str, Any]) -> None:
    assert not torch.equal(make(text_model, replace(WISH, **changes)).codes, make(text_model).codes)


def test_the_likeliest_code_alone_needs_no_chance(text_model: Loaded) -> None:
    wish = replace(WISH, top_k=1)
    assert torch.equal(make(text_model, wish).codes, make(text_model, wish, seed=9).codes)


def test_guidance_off_is_a_mode_of_its_own(model: Loaded) -> None:
    made = make(model, replace(WISH, guidance=1.0))
    np.testing.assert_allclose(made.audio, decoded(model, made.codes), atol=1e-6)


def test_a_melody_has_an_effect(melody_model: Loaded) -> None:
    def following(pitch: int) -> torch.Tensor:
        melody = torch.zeros(1, 59, 12)
        melody[..., pitch] = 1
        return make(melody_model, melody=melody).codes

    assert torch.equal(following(4), following(4))
    assert not torch.equal(following(4), following(7))


def test_each_step_is_told_and_the_codec_gives_signs_of_life(model: Loaded) -> None:
    told: list[int] = []
    make(model, told=told.append)
    late = model.config.decoder.num_codebooks // model.channels - 1
    assert sorted(set(told)) == list(range(1, 40 + late + 1))
    assert told == sorted(told)
    assert told.count(told[-1]) > 5, "while the codec works"
    assert not any(layer._forward_pre_hooks for layer in model.network.audio_encoder.decoder.layers)


@pytest.mark.parametrize("at", [1, 20, 41])
def test_it_ends_at_the_very_step_at_which_it_is_cancelled(text_model: Loaded, at: int) -> None:
    told: list[int] = []

    def cancel(done: int) -> None:
        told.append(done)
        if done >= at:
            raise TaskCancelled("nobody wants it")

    usual = make(text_model).audio.tobytes()
    with pytest.raises(TaskCancelled):
        make(text_model, told=cancel)
    assert told == list(range(1, at + 1))
    assert not any(layer._forward_pre_hooks for layer in text_model.network.audio_encoder.decoder.layers)
    assert make(text_model).audio.tobytes() == usual, "and nothing of it is left"


def test_memory_that_is_out_is_told_as_that(text_model: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(text_model.network, "generate", full)
    with pytest.raises(MemoryError):
        make(text_model)


def test_half_precision_runs_the_same_way(text_files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_workers.generation import loading
    from patchbay.domain.tasks import ModelFiles

    monkeypatch.setattr(loading, "_precision", lambda device: torch.bfloat16)
    half = loading.load(ModelFiles("musicgen-small", "1.0", text_files))
    kinds = {name.split(".")[0]: tensor.dtype for name, tensor in half.network.named_parameters()}
    assert (kinds["decoder"], kinds["audio_encoder"]) == (torch.bfloat16, torch.float32)
    made = make(half)
    np.testing.assert_allclose(made.audio, decoded(half, made.codes), atol=1e-6)
