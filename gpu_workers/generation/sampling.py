"""One window of music from a loaded model, token by token."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, StoppingCriteriaList

from gpu_workers.audio.files import Samples
from gpu_workers.generation.loading import Loaded
from gpu_workers.generation.memory import as_memory_error
from gpu_workers.generation.windows import Window
from gpu_workers.generation.wish import Wish

Told = Callable[[int], None]
"""Takes how many steps of the window are made; may raise, which ends the work."""


@dataclass(frozen=True, slots=True)
class Made:
    """A window's codes (codebooks, steps), those it went on from included, and their audio (channels, frames)."""

    codes: torch.Tensor
    audio: Samples


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Chance begins at `seed` inside, and goes on outside as if nothing had been."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def sample(
    model: Loaded, wish: Wish, window: Window, before: torch.Tensor | None, melody: torch.Tensor | None, told: Told
) -> Made:
    """Make a window; `before` are the codes (codebooks, `window.known`) that it goes on from.

    Raises MemoryError or torch.OutOfMemoryError, and what `told` raises.
    """
    given: dict[str, Any] = {}
    if before is not None:
        given["decoder_input_ids"] = before
    if melody is not None:
        given["input_features"] = melody.to(model.device, model.network.dtype)
    tokens = model.tokens(wish.prompt)
    watch = _Watch(told)
    with as_memory_error(), _signs_of_life(model, watch):
        audio = model.network.generate(
            input_ids=tokens,
            attention_mask=torch.ones_like(tokens),
            generation_config=_settings(model, wish, window),
            stopping_criteria=StoppingCriteriaList([watch]),
            **given,
        )
    sound: Samples = audio[0].float().cpu().numpy()
    if not np.isfinite(sound).all():
        raise RuntimeError("the model made audio that is not finite")
    return Made(_codes(model, watch, window, before), sound)


def _settings(model: Loaded, wish: Wish, window: Window) -> GenerationConfig:
    """Never those of a file: the model's own `generation_config.json` is not even fetched."""
    none = model.config.decoder.pad_token_id
    return GenerationConfig(
        do_sample=True,
        temperature=wish.temperature,
        top_k=wish.top_k,
        top_p=wish.top_p,
        guidance_scale=wish.guidance,
        # The last codebook is as many steps late as there are others of its channel.
        max_new_tokens=window.new + _delays(model)[-1],
        bos_token_id=none,
        pad_token_id=none,
        decoder_start_token_id=none,
    )


def _delays(model: Loaded) -> list[int]:
    """How many steps each codebook is late; those of the two channels alternate."""
    return [book // model.channels for book in range(model.config.decoder.num_codebooks)]


def _codes(model: Loaded, watch: "_Watch", window: Window, before: torch.Tensor | None) -> torch.Tensor:
    """What was chosen, each codebook put back in time (Copet et al. 2023, section 2.2, the delay pattern)."""
    assert watch.ids is not None
    steps = window.end - window.start
    rows = [row[1 + delay : 1 + delay + steps] for row, delay in zip(watch.ids, _delays(model), strict=True)]
    codes = torch.stack(rows)
    if before is not None:  # what was known is put in by a mask, and never chosen
        codes[:, : before.shape[1]] = before
    return codes


class _Watch:
    """A stopping criterion that never stops, and sees each step."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._steps = 0
        self.ids: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        self.ids = input_ids
        self._steps += 1
        self._told(self._steps)
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    def beat(self, *_: object) -> None:
        """A sign of life between two steps."""
        self._told(self._steps)


@contextmanager
def _signs_of_life(model: Loaded, watch: _Watch) -> Iterator[None]:
    """The codec takes seconds for a window on a CPU: it says before each of its layers that it is alive."""
    hooks = [layer.register_forward_pre_hook(watch.beat) for layer in model.network.audio_encoder.decoder.layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
