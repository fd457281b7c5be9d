"""Sounds whose truth is known, for tests and benchmarks of the analysis: everything is made here from seeds.

`piece` makes half a minute of music, `speech`, `noise` and `silence` what is not music.
"""

from tests.bench.truth.harmony import KEYS, NAMES
from tests.bench.truth.instruments import TIMBRES
from tests.bench.truth.pieces import Piece, piece
from tests.bench.truth.sounds import noise, silence, speech

__all__ = ["KEYS", "NAMES", "TIMBRES", "Piece", "noise", "piece", "silence", "speech"]
