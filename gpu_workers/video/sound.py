"""A video's own sound, decoded in the limited child: every sample at the time that its packet's clock tells."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame

from gpu_workers.audio.decode_child import Decoder, Unusable
from gpu_workers.audio.files import BLOCK_FRAMES, Samples

TOLERANCE_S = Fraction(4, 1000)
"""Clocks in Matroska tick in milliseconds: what is off by less is where it was meant to be."""


class TimedDecoder(Decoder):
    """Decodes from position 0 on: what comes before is dropped, silence fills gaps, overlaps are cut."""

    def __init__(self, request: dict[str, Any], zero_s: Fraction) -> None:
        super().__init__(request)
        self._zero_s = zero_s
        self._end_s = Fraction(0)
        """Up to where samples were given out."""

    def _take(self, frame: AudioFrame, samples: int) -> Iterator[Samples]:
        yield from self._begin(frame)
        data, rate = self._data(frame, samples), frame.sample_rate
        gap_s = self._gap_s(frame)
        gap = round(gap_s * rate)
        for start in range(0, gap, BLOCK_FRAMES):
            yield from self._feed(np.zeros((data.shape[0], min(BLOCK_FRAMES, gap - start)), np.float32))
        data = data[:, max(-gap, 0) :]
        self._end_s += Fraction(max(gap, 0) + data.shape[1], rate)
        if data.shape[1]:
            yield from self._feed(data)

    def _gap_s(self, frame: AudioFrame) -> Fraction:
        """Seconds between what was given out and this frame; less than 0 where they overlap."""
        if frame.pts is None or not frame.time_base:
            return Fraction(0)
        at_s = frame.pts * frame.time_base - self._zero_s
        if at_s > self.limits["duration_s"]:
            raise Unusable("The file is longer than we take.")
        gap_s = at_s - self._end_s
        return gap_s if abs(gap_s) > TOLERANCE_S or self._end_s == 0 else Fraction(0)
