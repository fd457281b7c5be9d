"""Models of MusicGen's own architecture with small random weights, on disk as the real ones are."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import (
    EncodecConfig,
    MusicgenConfig,
    MusicgenForConditionalGeneration,
    MusicgenMelodyConfig,
    MusicgenMelodyForConditionalGeneration,
    T5Config,
)
from transformers.models.musicgen.configuration_musicgen import MusicgenDecoderConfig
from transformers.models.musicgen_melody.configuration_musicgen_melody import MusicgenMelodyDecoderConfig

RATE_HZ, HOP_FRAMES = 8000, 800
CODES = 32
WORDS = ("▁calm", "▁happy", "▁piano", "▁drums", "▁music", "▁")
PARAMS: dict[str, Any] = {
    "prompt": "calm piano",
    "duration_s": 2.0,
    "seed": 1,
    "temperature": 1.0,
    "top_k": 250,
    "top_p": 1.0,
    "guidance": 3.0,
}


def save(folder: Path, *, melody: bool = False, channels: int = 1, seed: int = 0, **saving: Any) -> Path:
    """A model's files in `folder`, called as in the catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = network(melody=melody, channels=channels)
        _stir(model)
    model.save_pretrained(folder, **saving)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def _stir(model: Any) -> None:
    """As made, words and melody weigh nothing, and every code sounds alike."""
    parts = [part for name, part in model.named_children() if name != "audio_encoder"]
    for weights in (weights for part in parts for weights in part.parameters() if weights.dim() > 1):
        torch.nn.init.normal_(weights, std=0.4)
    for layer in model.audio_encoder.quantizer.layers:
        torch.nn.init.normal_(layer.codebook.embed)


def network(*, melody: bool = False, channels: int = 1) -> Any:
    text = T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    audio = EncodecConfig(
        sampling_rate=RATE_HZ,
        upsampling_ratios=[10, 10, 8],
        num_filters=2,
        hidden_size=8,
        codebook_dim=8,
        codebook_size=CODES,
        target_bandwidths=[0.1],  # 10 steps a second, 5 bits, 2 codebooks
        use_causal_conv=False,
        use_conv_shortcut=False,
        num_lstm_layers=1,
    )
    sizes: dict[str, Any] = {
        "vocab_size": CODES,
        "max_position_embeddings": 512,
        "num_hidden_layers": 1,
        "ffn_dim": 32,
        "num_attention_heads": 2,
        "hidden_size": 24,
        "num_codebooks": 2 * channels,
        "audio_channels": channels,
        "pad_token_id": CODES,
        "bos_token_id": CODES,
    }
    if melody:
        decoder = MusicgenMelodyDecoderConfig(**sizes)
        melodic = MusicgenMelodyConfig(text_encoder=text, audio_encoder=audio, decoder=decoder, chroma_length=59)
        return MusicgenMelodyForConditionalGeneration(melodic)
    config = MusicgenConfig(text_encoder=text, audio_encoder=audio, decoder=MusicgenDecoderConfig(**sizes))
    return MusicgenForConditionalGeneration(config)


def tokenizer() -> Tokenizer:
    """Of T5's kind: pieces of words, and the end of the text after them."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((word, -2.0) for word in WORDS)]
    made = Tokenizer(Unigram(pieces, unk_id=2, byte_fallback=False))
    made.pre_tokenizer = Metaspace()
    made.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return made


def change(folder: Path, place: str, value: object) -> None:
    """Another value at a dotted place of `config.json`."""
    path = folder / "config.json"
    given = json.loads(path.read_text())
    *parents, name = place.split(".")
    part = given
    for parent in parents:
        part = part[parent]
    part[name] = value
    path.write_text(json.dumps(given))
