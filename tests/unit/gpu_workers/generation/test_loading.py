"""The files of a model are loaded as they were saved, or refused with what is wrong with them."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import gpu_workers.generation
from gpu_workers.generation import loading
from gpu_workers.generation.loading import Loaded, load
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.tasks import ModelFiles
from tests.unit.gpu_workers.generation import tiny


def files(folder: Path | None) -> ModelFiles:
    return ModelFiles("musicgen-small", "1.0", folder)


def refused(folder: Path, why: str) -> None:
    with pytest.raises(ModelUnavailable, match=why) as caught:
        load(files(folder))
    assert "musicgen-small" in str(caught.value)
    assert str(folder) not in str(caught.value)


@pytest.fixture
def copied(text_files: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(text_files, tmp_path / "model"))


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


class TestWhole:
    def test_the_network_has_the_numbers_of_the_file(self, text_files: Path, text_model: Loaded) -> None:
        there = text_model.network.state_dict()
        saved = tensors(text_files)
        assert len(saved) > 100
        for name, tensor in saved.items():
            torch.testing.assert_close(there[name], tensor, rtol=0, atol=0)
        assert not any(parameter.requires_grad for parameter in text_model.network.parameters())
        assert not text_model.network.training

    def test_what_it_says_of_itself(self, text_model: Loaded, stereo_model: Loaded, melody_model: Loaded) -> None:
        assert (text_model.rate_hz, text_model.hop_frames, text_model.channels) == (8000, 800, 1)
        assert (stereo_model.channels, stereo_model.takes_melody) == (2, False)
        assert (melody_model.channels, melody_model.takes_melody) == (1, True)

    def test_shards_are_one_model(self, tmp_path: Path, text_model: Loaded) -> None:
        tiny.save(tmp_path, max_shard_size="20KB")
        assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
        there = load(files(tmp_path)).network.state_dict()
        for name, tensor in text_model.network.state_dict().items():
            torch.testing.assert_close(there[name], tensor, rtol=0, atol=0)

    def test_older_names_of_normalised_weights_are_known(self, copied: Path, text_model: Loaded) -> None:
        kinds = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
        old = {}
        for name, tensor in tensors(copied).items():
            for new, before in kinds.items():
                name = name.replace(new, before)  # noqa: PLW2901
            old[name] = tensor
        assert any(name.endswith("weight_g") for name in old)
        save_file(old, copied / "model.safetensors", metadata={"format": "pt"})
        there = load(files(copied)).network.state_dict()
        for name, tensor in text_model.network.state_dict().items():
            torch.testing.assert_close(there[name], tensor, rtol=0, atol=0)

    def test_half_precision_files_are_widened_on_a_cpu(self, copied: Path) -> None:
        half = {
            name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors(copied).items()
        }
        save_file(half, copied / "model.safetensors", metadata={"format": "pt"})
        assert {tensor.dtype for tensor in load(files(copied)).network.parameters()} == {torch.float32}

    def test_a_gpu_without_bf16_gets_fp16(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for has, wanted in ((True, torch.bfloat16), (False, torch.float16)):
            monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, has=has: has)
            assert loading._precision(torch.device("cuda")) is wanted


class TestTokens:
    def test_the_end_of_the_text_comes_last_and_once(self, text_model: Loaded) -> None:
        assert text_model.tokens("calm piano").tolist() == [[3, 5, 1]]
        assert text_model.tokens("").tolist() == [[1]]

    def test_too_many_words_are_left_out(self, text_model: Loaded) -> None:
        tokens = text_model.tokens("calm " * 5000)
        assert tokens.shape == (1, loading.MAX_TOKENS)
        assert tokens[0, -1] == 1


class TestRefused:
    def test_no_weights(self) -> None:
        with pytest.raises(ModelUnavailable, match="not installed"):
            load(files(None))

    @pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
    @pytest.mark.parametrize("damage", ["missing", "empty", "cut", "rubbish"])
    def test_a_damaged_file(self, copied: Path, name: str, damage: str) -> None:
        path = copied / name
        data = path.read_bytes()
        path.unlink()
        if damage != "missing":
            path.write_bytes({"empty": b"", "cut": data[: len(data) // 2], "rubbish": b"\xff" * 5000}[damage])
        refused(copied, "missing or damaged")

    def test_a_pickle_is_never_opened(self, copied: Path) -> None:
        class Evil:
            def __reduce__(self) -> tuple[Any, ...]:
                return (Path.touch, (copied / "ran",))

        (copied / "model.safetensors").unlink()
        for name in ("pytorch_model.bin", "model.safetensors"):
            (copied / name).write_bytes(pickle.dumps(Evil()))
            refused(copied, "missing or damaged")
        assert not (copied / "ran").exists()

    def test_a_missing_tensor(self, copied: Path) -> None:
        kept = tensors(copied)
        gone = kept.pop("decoder.lm_heads.0.weight")
        save_file({**kept, "other": torch.zeros_like(gone)}, copied / "model.safetensors", metadata={"format": "pt"})
        refused(copied, r"there is no tensor decoder\.lm_heads\.0\.weight")

    def test_numbers_that_are_not_finite(self, copied: Path) -> None:
        broken = tensors(copied)
        broken["decoder.lm_heads.0.weight"][0, 0] = torch.nan
        save_file(broken, copied / "model.safetensors", metadata={"format": "pt"})
        refused(copied, "not finite")

    def test_sizes_that_the_file_does_not_have(self, copied: Path) -> None:
        tiny.change(copied, "decoder.hidden_size", 8192)
        tiny.change(copied, "decoder.num_hidden_layers", 128)
        refused(copied, r"config\.json asks for \d{11,} numbers, and there are \d{4,6}$")

    def test_smaller_sizes_than_the_file_has(self, copied: Path) -> None:
        tiny.change(copied, "decoder.ffn_dim", 16)
        refused(copied, "missing or damaged")

    def test_a_file_of_the_other_class(self, text_files: Path, melody_files: Path, tmp_path: Path) -> None:
        mixed = Path(shutil.copytree(melody_files, tmp_path / "mixed"))
        shutil.copy(text_files / "config.json", mixed / "config.json")
        refused(mixed, "missing or damaged")

    def test_a_model_that_is_another_than_it_is_called(self, melody_files: Path) -> None:
        refused(melody_files, "config.json is of a musicgen_melody")

    def test_another_architecture(self, copied: Path) -> None:
        (copied / "config.json").write_text(json.dumps({"model_type": "gpt2", "auto_map": {"AutoModel": "x.y"}}))
        refused(copied, "model_type is 'gpt2'")


def test_memory_that_is_out_is_no_damage(text_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(loading, "_check_sizes", full)
    with pytest.raises(MemoryError):
        load(files(text_files))

    def full_gpu(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loading, "_check_sizes", full_gpu)
    with pytest.raises(torch.OutOfMemoryError):
        load(files(text_files))


def test_nobody_is_asked_over_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib
    import os

    monkeypatch.delenv("HF_HUB_OFFLINE")
    importlib.reload(gpu_workers.generation)
    assert os.environ["HF_HUB_OFFLINE"] == "1"
