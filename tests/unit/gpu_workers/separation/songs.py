"""The synthetic songs of the fit, for tests."""

from gpu_workers.separation.fitting.synthetic import RATE_HZ, STEMS, Stereo, mix, song

__all__ = ["RATE_HZ", "STEMS", "Stereo", "mix", "song"]
