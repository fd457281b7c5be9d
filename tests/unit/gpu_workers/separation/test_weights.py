import json
from pathlib import Path

import pytest
import torch
from demucs.hdemucs import HDemucs

from gpu_workers.separation.weights import load_bag
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.tasks import ModelFiles
from tests.unit.gpu_workers.separation.tiny import HYBRID, SOURCES, save, save_repository, save_safetensors


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_repository(tmp_path_factory.mktemp("weights"))


def files(folder: Path | None, name: str = "htdemucs") -> ModelFiles:
    return ModelFiles(name, "1", folder)


class TestPickles:
    def test_a_bag_of_one(self, repository: Path) -> None:
        bag = load_bag(files(repository))
        assert bag.sources == tuple(SOURCES)
        assert (bag.sample_rate_hz, bag.channels, bag.segment_frames) == (44100, 2, 22050)
        assert bag.weights == ((1.0,) * 4,)

    def test_a_bag_of_two_has_its_weights(self, repository: Path) -> None:
        bag = load_bag(files(repository, "htdemucs_ft"))
        assert len(bag.models) == 2
        assert bag.weights[1] == (0.0, 1.0, 0.25, 0.5)

    def test_a_single_model_by_its_signature(self, repository: Path) -> None:
        assert len(load_bag(files(repository, "cccc")).models) == 1

    @pytest.mark.parametrize("name", ["absent", "../htdemucs"])
    def test_what_is_not_there(self, repository: Path, name: str) -> None:
        with pytest.raises(ModelUnavailable):
            load_bag(files(repository, name))

    def test_no_weights_installed(self) -> None:
        with pytest.raises(ModelUnavailable, match="not installed"):
            load_bag(files(None))

    def test_a_changed_checkpoint_is_refused(self, tmp_path: Path) -> None:
        save_repository(tmp_path)
        path = next(tmp_path.glob("aaaa-*.th"))
        path.write_bytes(path.read_bytes() + b"\0")
        with pytest.raises(ModelUnavailable, match="damaged"):
            load_bag(files(tmp_path))

    def test_parts_with_different_segments_are_refused(self, tmp_path: Path) -> None:
        save_repository(tmp_path)
        save(tmp_path, "dddd", 3, HDemucs, {"sources": SOURCES, "channels": 8, "segment": 2})
        (tmp_path / "mixed.yaml").write_text("models: ['cccc', 'dddd']\n")
        with pytest.raises(ModelUnavailable):
            load_bag(files(tmp_path, "mixed"))


class TestSafetensors:
    def test_same_model_as_from_the_pickle(self, repository: Path, tmp_path: Path) -> None:
        ours = load_bag(files(save_safetensors(tmp_path, "htdemucs")))
        theirs = load_bag(files(repository))
        assert ours.segment_frames == theirs.segment_frames
        for name, tensor in theirs.models[0].state_dict().items():
            torch.testing.assert_close(ours.models[0].state_dict()[name], tensor)

    def test_a_bag_names_its_parts(self, tmp_path: Path) -> None:
        save_safetensors(tmp_path, "one")
        save_safetensors(tmp_path, "two", seed=1)
        (tmp_path / "bag.json").write_text(json.dumps({"models": ["one", "two"]}))
        assert load_bag(files(tmp_path, "bag")).weights == ((1.0,) * 4,) * 2

    @pytest.mark.parametrize(
        "changes",
        [{"class": "os.system"}, {"kwargs": {**HYBRID, "segment": "1/2", "channels": 16}}, {"kwargs": {"x": 1}}],
    )
    def test_unknown_classes_and_wrong_shapes_are_refused(self, tmp_path: Path, changes: dict[str, object]) -> None:
        with pytest.raises(ModelUnavailable):
            load_bag(files(save_safetensors(tmp_path, "htdemucs", 0, **changes)))
