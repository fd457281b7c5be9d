"""What the `config.json` of published models says, as far as it shapes them (facebook/musicgen-*, T5 base, EnCodec at
32 kHz), among fields that are nothing to us.
"""

from typing import Any

TEXT = {
    "model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "vocab_size": 32128, "d_model": 768,
    "d_kv": 64, "d_ff": 3072, "num_layers": 12, "num_decoder_layers": 12, "num_heads": 12, "n_positions": 512,
    "relative_attention_num_buckets": 32, "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6,
    "feed_forward_proj": "relu", "eos_token_id": 1, "pad_token_id": 0, "dropout_rate": 0.1,
    "task_specific_params": {"summarization": {"num_beams": 4}}, "torch_dtype": None,
}  # fmt: skip
AUDIO = {
    "model_type": "encodec", "architectures": ["EncodecModel"], "audio_channels": 1, "chunk_length_s": None,
    "codebook_dim": 128, "codebook_size": 2048, "compress": 2, "dilation_growth_rate": 2, "hidden_size": 128,
    "kernel_size": 7, "last_kernel_size": 7, "norm_type": "weight_norm", "normalize": False, "num_filters": 64,
    "num_lstm_layers": 2, "num_residual_layers": 1, "overlap": None, "pad_mode": "reflect", "residual_kernel_size": 3,
    "sampling_rate": 32000, "target_bandwidths": [2.2], "trim_right_ratio": 1.0, "upsampling_ratios": [8, 5, 4, 4],
    "use_causal_conv": False, "use_conv_shortcut": False,
}  # fmt: skip


def config(*, layers: int, width: int, heads: int, melody: bool = False, channels: int = 1) -> dict[str, Any]:
    kind = "musicgen_melody" if melody else "musicgen"
    decoder = {
        "model_type": f"{kind}_decoder", "vocab_size": 2048, "max_position_embeddings": 2048,
        "num_hidden_layers": layers, "ffn_dim": 4 * width, "num_attention_heads": heads, "hidden_size": width,
        "activation_function": "gelu", "scale_embedding": False, "num_codebooks": 4 * channels,
        "audio_channels": channels, "bos_token_id": 2048, "pad_token_id": 2048, "layerdrop": 0.0, "dropout": 0.1,
    }  # fmt: skip
    whole = {"model_type": kind, "text_encoder": TEXT, "audio_encoder": AUDIO, "decoder": decoder}
    return {**whole, "num_chroma": 12, "chroma_length": 235} if melody else whole
