import hashlib
import json
from pathlib import Path

import pytest
import torch

from gpu_workers.separation.small import load_small
from gpu_workers.separation.small_cells import CELLS, FEATURES
from gpu_workers.separation.training.export import export, start_from
from patchbay.catalog.models import FOUR_STEMS
from tests.unit.gpu_workers.separation.small_models import tiny_net


def test_what_is_exported_separates_alike(tmp_path: Path) -> None:
    net = tiny_net()
    hashes = export(net, {"steps": 7}, tmp_path)
    loaded, stems = load_small(tmp_path)
    assert stems == FOUR_STEMS
    seen = torch.randn(1, FEATURES, 20, CELLS, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.softmax(loaded(seen), 1), torch.softmax(net(seen), 1), atol=5e-3, rtol=0)
    for name, digest in hashes.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert json.loads((tmp_path / "small.json").read_text())["trained"] == {"steps": 7}


def test_weights_take_two_bytes_each(tmp_path: Path) -> None:
    net = tiny_net()
    export(net, {}, tmp_path)
    count = sum(tensor.numel() for tensor in net.state_dict().values())
    written = (tmp_path / "small.safetensors").stat()
    assert written.st_size < 2 * count + 16_384
    assert written.st_mode & 0o777 == 0o644


def test_a_number_too_large_for_half_precision_is_kept(tmp_path: Path) -> None:
    net = tiny_net()
    with torch.no_grad():
        net.finish.weight.fill_(1e6)
    export(net, {}, tmp_path)
    assert load_small(tmp_path)[0].finish.weight.max() == 1e6


def test_training_can_start_from_it(tmp_path: Path) -> None:
    net, other = tiny_net(0), tiny_net(1)
    export(net, {}, tmp_path)
    start_from(other, tmp_path / "small.safetensors")
    torch.testing.assert_close(other.finish.weight, net.finish.weight, atol=1e-3, rtol=1e-3)
    with pytest.raises(RuntimeError, match="size mismatch"):
        start_from(type(net)((4, 8, 8), detail=4), tmp_path / "small.safetensors")
