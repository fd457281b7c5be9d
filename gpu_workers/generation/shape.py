"""The shape of a MusicGen model, read from its `config.json`: known fields within bounds, and nothing else.

What transformers would make of a file that somebody else wrote is left to nobody: a configuration can name other
architectures, quantisers and kernels to download, or sizes that fill the memory before the first weight is read.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from transformers import EncodecConfig, MusicgenConfig, MusicgenMelodyConfig, T5Config
from transformers.models.musicgen.configuration_musicgen import MusicgenDecoderConfig
from transformers.models.musicgen_melody.configuration_musicgen_melody import MusicgenMelodyDecoderConfig

MAX_FILE_BYTES: Final = 1024 * 1024
MELODY: Final = "musicgen_melody"
_Rule = Callable[[Any], bool]


def _whole(least: int, most: int) -> _Rule:
    return lambda value: type(value) is int and least <= value <= most


def _number(least: float, most: float) -> _Rule:
    return lambda value: type(value) in (int, float) and least <= value <= most


def _one_of(*values: object) -> _Rule:
    return lambda value: any(value is known or (isinstance(value, str) and value == known) for known in values)


def _some(rule: _Rule, most: int) -> _Rule:
    return lambda value: isinstance(value, list) and 0 < len(value) <= most and all(rule(one) for one in value)


_FLAG: Final = _one_of(True, False)
_TEXT: Final[Mapping[str, _Rule]] = {
    "vocab_size": _whole(2, 200_000), "d_model": _whole(2, 8192), "d_kv": _whole(1, 512), "d_ff": _whole(1, 65_536),
    "num_layers": _whole(1, 64), "num_heads": _whole(1, 128), "relative_attention_num_buckets": _whole(2, 512),
    "relative_attention_max_distance": _whole(2, 4096), "layer_norm_epsilon": _number(0, 0.1),
    "feed_forward_proj": _one_of("relu", "gated-gelu"), "eos_token_id": _whole(0, 200_000),
    "pad_token_id": _whole(0, 200_000),
}  # fmt: skip
_AUDIO: Final[Mapping[str, _Rule]] = {
    "sampling_rate": _whole(8000, 192_000), "audio_channels": _whole(1, 1), "normalize": _one_of(False),
    "hidden_size": _whole(1, 1024), "num_filters": _whole(1, 256), "num_residual_layers": _whole(0, 8),
    "upsampling_ratios": _some(_whole(1, 32), 8), "norm_type": _one_of("weight_norm", "time_group_norm"),
    "kernel_size": _whole(1, 31), "last_kernel_size": _whole(1, 31), "residual_kernel_size": _whole(1, 31),
    "dilation_growth_rate": _whole(1, 8), "use_causal_conv": _FLAG, "use_conv_shortcut": _FLAG,
    "pad_mode": _one_of("reflect", "constant", "replicate"), "compress": _whole(1, 16),
    "num_lstm_layers": _whole(0, 8), "trim_right_ratio": _number(0, 1), "codebook_size": _whole(2, 65_536),
    "codebook_dim": _whole(1, 1024), "target_bandwidths": _some(_number(0.01, 100), 16),
}  # fmt: skip
_DECODER: Final[Mapping[str, _Rule]] = {
    "vocab_size": _whole(2, 65_536), "max_position_embeddings": _whole(1, 16_384), "num_hidden_layers": _whole(1, 128),
    "ffn_dim": _whole(1, 65_536), "num_attention_heads": _whole(1, 128), "hidden_size": _whole(4, 8192),
    "activation_function": _one_of("gelu", "relu"), "scale_embedding": _FLAG, "num_codebooks": _whole(1, 32),
    "audio_channels": _whole(1, 2),
}  # fmt: skip
_CHROMA: Final[Mapping[str, _Rule]] = {"num_chroma": _whole(1, 128), "chroma_length": _whole(1, 4096)}
_PARTS: Final = {"text_encoder": ("t5", _TEXT), "audio_encoder": ("encodec", _AUDIO), "decoder": (None, _DECODER)}


def read(path: Path) -> MusicgenConfig | MusicgenMelodyConfig:
    """The configuration in `path`. Raises ValueError that names the field at fault, OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"{path.name} is too large")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError(f"{path.name} is no JSON") from None
    kind = given.get("model_type") if isinstance(given, dict) else None
    if kind not in ("musicgen", MELODY):
        raise ValueError(f"model_type is {str(kind)[:40]!r}, not musicgen or {MELODY}")
    parts = {name: _part(given, name, wanted or f"{kind}_decoder", rules) for name, (wanted, rules) in _PARTS.items()}
    decoder = parts["decoder"]
    # The codes and one more, which stands for none: so are the models made, and sampling relies on it.
    decoder |= dict.fromkeys(("pad_token_id", "bos_token_id"), decoder.get("vocab_size", 2048))
    text, audio = T5Config(**parts["text_encoder"]), EncodecConfig(**parts["audio_encoder"])
    config: MusicgenConfig | MusicgenMelodyConfig
    if kind == MELODY:
        chroma = _checked(given, "", _CHROMA)
        melodic = MusicgenMelodyDecoderConfig(**decoder)
        config = MusicgenMelodyConfig(text_encoder=text, audio_encoder=audio, decoder=melodic, **chroma)
    else:
        config = MusicgenConfig(text_encoder=text, audio_encoder=audio, decoder=MusicgenDecoderConfig(**decoder))
    _check_fit(config)
    return config


def _part(given: Mapping[str, Any], name: str, kind: str, rules: Mapping[str, _Rule]) -> dict[str, Any]:
    part = given.get(name)
    if not isinstance(part, dict) or part.get("model_type") != kind:
        raise ValueError(f"{name} is no {kind}")
    return _checked(part, f"{name}.", rules)


def _checked(given: Mapping[str, Any], place: str, rules: Mapping[str, _Rule]) -> dict[str, Any]:
    """The fields that have a rule; one that is missing has transformers' default."""
    known = {name: given[name] for name in rules if given.get(name) is not None}
    for name, value in known.items():
        if not rules[name](value):
            raise ValueError(f"{place}{name} cannot be {str(value)[:40]}")
    return known


def _check_fit(config: Any) -> None:
    """Raises ValueError where parts do not go together."""
    text, audio, decoder = config.text_encoder, config.audio_encoder, config.decoder
    if decoder.hidden_size % decoder.num_attention_heads:
        raise ValueError("decoder.hidden_size is no multiple of decoder.num_attention_heads")
    if decoder.vocab_size != audio.codebook_size:
        raise ValueError("decoder.vocab_size is not audio_encoder.codebook_size")
    if decoder.num_codebooks != audio.num_quantizers * decoder.audio_channels:
        raise ValueError("decoder.num_codebooks does not fit audio_encoder.target_bandwidths")
    if max(text.eos_token_id, text.pad_token_id) >= text.vocab_size:
        raise ValueError("text_encoder.vocab_size has no room for its own tokens")
    if audio.codebook_dim != audio.hidden_size:
        raise ValueError("audio_encoder.codebook_dim is not audio_encoder.hidden_size")
    if audio.sampling_rate % audio.hop_length or audio.frame_rate < decoder.num_codebooks:
        raise ValueError("audio_encoder.upsampling_ratios do not fit its sampling_rate")
