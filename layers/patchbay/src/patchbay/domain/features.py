"""What can be looked for in a recording."""

from typing import Literal, get_args

Feature = Literal[
    "tempo",
    "beats",
    "downbeats",
    "key",
    "scale",
    "energy",
    "loudness",
    "spectral",
    "mfcc",
    "chroma",
    "onsets",
    "structure",
    "chords",
    "peaks",
    "music_detection",
]
FEATURES: tuple[Feature, ...] = get_args(Feature)
