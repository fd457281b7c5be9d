"""A model's shape is read field by field; what is hostile is refused by name before anything is made of it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import MusicgenForConditionalGeneration

from gpu_workers.generation import shape
from tests.unit.gpu_workers.generation import published

SMALL = published.config(layers=24, width=1024, heads=16)


def read(folder: Path, given: object) -> Any:
    path = folder / "config.json"
    path.write_text(given if isinstance(given, str) else json.dumps(given))
    return shape.read(path)


def changed(place: str, value: object) -> dict[str, Any]:
    made = copy.deepcopy(SMALL)
    *parents, name = place.split(".")
    part: Any = made
    for parent in parents:
        part = part[parent]
    part[name] = value
    return made


def test_the_published_small_model_has_its_published_size(tmp_path: Path) -> None:
    config = read(tmp_path, SMALL)
    with torch.device("meta"):
        numbers = sum(tensor.numel() for tensor in MusicgenForConditionalGeneration(config).parameters())
    assert numbers == pytest.approx(591e6, rel=0.01), "what the model's page says, text encoder and codec included"
    assert (config.audio_encoder.frame_rate, config.decoder.pad_token_id) == (50, 2048)


@pytest.mark.parametrize("melody", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_other_published_models_are_known(tmp_path: Path, melody: bool, channels: int) -> None:
    config = read(tmp_path, published.config(layers=48, width=1536, heads=24, melody=melody, channels=channels))
    assert (config.model_type == shape.MELODY) is melody
    assert config.decoder.audio_channels == channels
    assert not melody or (config.num_chroma, config.chroma_length) == (12, 235)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("model_type", "llama"),
        ("model_type", {"a": 1}),
        ("text_encoder", None),
        ("text_encoder.model_type", "remote_code"),
        ("text_encoder.d_model", 10**9),
        ("text_encoder.num_layers", -1),
        ("text_encoder.num_layers", 2.5),
        ("text_encoder.feed_forward_proj", "__import__('os')"),
        ("text_encoder.eos_token_id", 40_000),
        ("audio_encoder.model_type", "dac"),
        ("audio_encoder.sampling_rate", 10**12),
        ("audio_encoder.sampling_rate", 44_100),
        ("audio_encoder.upsampling_ratios", [10**6]),
        ("audio_encoder.upsampling_ratios", []),
        ("audio_encoder.upsampling_ratios", [32, 32, 32]),
        ("audio_encoder.target_bandwidths", [6.0]),
        ("audio_encoder.codebook_dim", 64),
        ("audio_encoder.normalize", True),
        ("decoder.model_type", "musicgen_melody_decoder"),
        ("decoder.hidden_size", "1024"),
        ("decoder.hidden_size", True),
        ("decoder.num_hidden_layers", 10**6),
        ("decoder.num_attention_heads", 7),
        ("decoder.num_codebooks", 3),
        ("decoder.vocab_size", 4096),
        ("decoder.audio_channels", 3),
        ("decoder.activation_function", "kernels-community/activation"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, place: str, value: object) -> None:
    with pytest.raises(
        ValueError, match=place.split(".", maxsplit=1)[0].replace("audio_encoder", "(audio_encoder|decoder)")
    ):
        read(tmp_path, changed(place, value))


def test_what_is_nothing_to_us_is_left_out(tmp_path: Path) -> None:
    hostile = {
        **SMALL,
        "auto_map": {"AutoModel": "evil--code.Model"},
        "quantization_config": {"quant_method": "bitsandbytes"},
        "_attn_implementation": "evil/kernel",
        "name_or_path": "evil/model",
    }
    told = read(tmp_path, hostile).to_dict()
    assert "evil" not in json.dumps(told, default=str)
    assert "quantization_config" not in told


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '{"model_type": "musicgen"}', " " * 2_000_000])
def test_what_is_no_configuration(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(tmp_path, text)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}))
PLACES = [
    *(f"text_encoder.{name}" for name in published.TEXT),
    *(f"audio_encoder.{name}" for name in published.AUDIO),
    *(f"decoder.{name}" for name in SMALL["decoder"]),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_anywhere_is_taken_within_bounds_or_refused(tmp_path: Path, place: str, value: object) -> None:
    try:
        config = read(tmp_path, changed(place, value))
    except ValueError:
        return
    assert config.decoder.hidden_size <= 8192
    assert config.decoder.num_hidden_layers <= 128
    assert config.text_encoder.d_model <= 8192
    assert config.audio_encoder.sampling_rate <= 192_000
