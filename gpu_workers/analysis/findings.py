"""The analyses of one spectrogram, each made when it is asked for, and once."""

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_workers.analysis import document
from gpu_workers.analysis.detection import probabilities, ranges
from gpu_workers.analysis.pitches import Pitches, pitches
from gpu_workers.analysis.spectral import Spectral, mfcc, spectral
from gpu_workers.analysis.structure import structure
from gpu_workers.analysis.tonal import Tonal, tonal
from gpu_workers.audio.rhythm.counting import Rhythm, rhythm
from gpu_workers.audio.spectra import Spectra
from patchbay.domain.features import FEATURES

_SERIES = {"energy", "spectral", "mfcc", "chroma"}
_SPECTRAL = ("centroid_hz", "bandwidth_hz", "rolloff_hz", "flatness", "zero_crossings")


class Findings:
    """What is in one signal, as far as it is wanted."""

    def __init__(
        self,
        samples: npt.NDArray[np.float32],
        wanted: frozenset[str],
        progress: Callable[[float], None] = lambda fraction: None,
    ) -> None:
        """`samples` (n,) at 22,050 Hz; `progress` is told what share of the wanted is done."""
        self.spectra = Spectra(samples, lambda: progress(self._done))
        self._done = 0.0
        self._wanted = wanted
        self._progress = progress
        self._step_s = document.series_step_s(self.spectra.duration_s)

    @cached_property
    def rhythm(self) -> Rhythm:
        """Tempo, beats, onsets."""
        return rhythm(self.spectra)

    @cached_property
    def pitches(self) -> Pitches:
        """Notes."""
        return pitches(self.spectra.samples, self.spectra.pulse)

    @cached_property
    def tonal(self) -> Tonal:
        """Key and chords."""
        return tonal(self.pitches, self.spectra.duration_s)

    @cached_property
    def spectral(self) -> Spectral:
        """Series of the frames."""
        return spectral(self.spectra)

    @property
    def key_name(self) -> str | None:
        """As "A minor", if it was asked for."""
        return document.key_name(self.tonal) if self._wanted & {"key", "scale"} else None

    def content(self) -> dict[str, Any]:
        """The document's entries, in the order of the features."""
        # The rhythm comes first: it needs room of its own, before the mel bands take some.
        makers: dict[str, Callable[[], Any]] = {
            "tempo": lambda: document.tempo(self.rhythm),
            "beats": lambda: document.times(self.rhythm.beats_s),
            "downbeats": lambda: document.times(self.rhythm.downbeats_s),
            "onsets": lambda: document.times(self.rhythm.onsets_s),
            "key": lambda: document.key(self.tonal),
            "scale": lambda: self.tonal.scale,
            "chords": lambda: document.spans(self.tonal.chords),
            "energy": lambda: {"rms": document.summary(self.spectral.rms, self._step_s)},
            "spectral": self._spectral,
            "mfcc": lambda: document.summary(mfcc(self.spectra), self._step_s),
            "chroma": lambda: document.summary(self.spectra.chroma(self.pitches.tuning), self._step_s),
            "structure": self._structure,
            "music_detection": self._detection,
        }
        asked = [name for name in makers if name in self._wanted]
        made: dict[str, Any] = {}
        for position, name in enumerate(asked):
            self._done = position / len(asked)
            self._progress(self._done)
            made[name] = makers[name]()
        if self._wanted & _SERIES:
            made["series_step_s"] = self._step_s
        return {name: made[name] for name in (*FEATURES, "series_step_s") if name in made}

    def _spectral(self) -> dict[str, Any]:
        series = asdict(self.spectral)
        return {name: document.summary(series[name], self._step_s) for name in _SPECTRAL}

    def _structure(self) -> list[dict[str, Any]]:
        return document.spans(structure(self.spectra, self.pitches, self.rhythm.downbeats_s))

    def _detection(self) -> Any:
        found = probabilities(self.spectra, self.pitches)
        return document.ranges(ranges(found, self.spectra.duration_s))
