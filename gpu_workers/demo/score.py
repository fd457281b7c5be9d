"""How much nearer to the true stems the separated ones are than the mixture was."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.audio.metrics import si_sdr


@dataclass(frozen=True)
class Score:
    """SI-SDR against the true stem, dB."""

    before_db: float
    """Of the mixture taken for the stem: what one has without a separation."""
    after_db: float

    @property
    def gain_db(self) -> float:
        """What the separation gained; below 0 it did harm."""
        return self.after_db - self.before_db


def score(mixture: AudioFile, truth: Mapping[str, AudioFile], stems: Mapping[str, AudioFile]) -> dict[str, Score]:
    """The score of each stem whose truth is known. All files must have one sample rate and as many channels."""
    frames = min(file.frames for file in (mixture, *truth.values(), *stems.values()))
    whole = mixture.read(0, frames)
    return {
        name: _one(truth[name].read(0, frames), whole, file.read(0, frames))
        for name, file in stems.items()
        if name in truth
    }


def _one(true: Samples, mixture: Samples, estimate: Samples) -> Score:
    return Score(before_db=si_sdr(true, mixture), after_db=si_sdr(true, estimate))


def mean_gain_db(scores: Mapping[str, Score]) -> float:
    """Mean gain of all stems, dB."""
    return float(np.mean([s.gain_db for s in scores.values()]))
