"""`patchbay-small`: soft masks that sum to one, from a small network of our own (see `small_net`, `training`).

The network tells, for each cell of the spectrogram, how to share it out among the stems, so that the stems sum to the
mixture whatever it says. The rules of `patchbay-classic` have a say as well: both scores are weighed and added before
the softmax, which is a weighted geometric mean of their masks: the two err in different places. The weights are in the
package: docs/models/patchbay-small.md tells how they were made.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from gpu_workers.separation.classic import ClassicSeparator
from gpu_workers.separation.masking import MaskSeparator, Plane, Spectrum, shared
from gpu_workers.separation.precision import keep_freed_memory
from gpu_workers.separation.small_cells import features, spread
from gpu_workers.separation.small_net import SmallNet
from patchbay.domain.errors import ModelUnavailable
from patchbay.domain.tasks import ModelFiles

CONFIG, WEIGHTS = "small.json", "small.safetensors"
PACKAGE = Path(__file__).parent
"""Where the weights lie that Patchbay brings along."""
NETWORK_SHARE, RULES_SHARE = 0.7, 0.5
"""What the network's and the rules' scores count for; chosen on songs of voices and sounds that neither learnt from."""
_LOAD_ERRORS = (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError)


def load_small(folder: Path) -> tuple[SmallNet, tuple[str, ...]]:
    """The network of `small.json` and `small.safetensors` in `folder`, ready to run, and its stems.

    Raises OSError, KeyError, TypeError, ValueError, RuntimeError or SafetensorError for files that are not such.
    """
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    stems = tuple(config["stems"])
    net = SmallNet(**config["network"])
    if net.arguments["stems"] != len(stems):
        raise ValueError("the network has another number of stems")
    tensors = load_file(folder / WEIGHTS)
    net.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in tensors.items()})
    return net.eval().requires_grad_(False), stems


class SmallSeparator(MaskSeparator):
    """The loaded network, on a GPU where there is one, and the rules beside it."""

    def __init__(self, files: ModelFiles) -> None:
        """Raises `ModelUnavailable`."""
        if files.weights_dir is None:
            raise ModelUnavailable(f"The weights of {files.name} are not installed.")
        try:
            self._net, self.stems = load_small(files.weights_dir)
        except _LOAD_ERRORS as error:
            raise ModelUnavailable(f"The weights of {files.name} are missing or damaged.") from error
        self._rules = ClassicSeparator()
        if self._rules.stems != self.stems:
            raise ModelUnavailable(f"The weights of {files.name} are missing or damaged.")
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._net.to(self._device)
        if self._device.type == "cpu":
            keep_freed_memory()

    def masks(self, spectrum: Spectrum, indices: Sequence[int]) -> Iterator[Plane]:
        """See `MaskSeparator`. Over all stems the masks sum to 1."""
        with torch.inference_mode():
            found = self._net(torch.from_numpy(features(spectrum))[None].to(self._device))
            cells = (NETWORK_SHARE * found)[0].cpu().numpy()
        scores = self._rules.scores(spectrum)
        scores *= RULES_SHARE
        for place, plane in enumerate(cells):
            scores[place] += spread(plane)
        shares = shared(scores)
        return (shares[i] for i in indices)
