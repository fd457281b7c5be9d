"""How near times found are to times known."""

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]


def f_measure(found_s: Times, known_s: Times, tolerance_s: float = 0.07) -> float:
    """F-measure of sorted times, each matched once within `tolerance_s` (Dixon, 2007: 70 ms for beats).

    Two empty lists agree; one empty list scores 0.
    """
    if not len(found_s) or not len(known_s):
        return float(len(found_s) == len(known_s))
    i = j = hits = 0
    while i < len(found_s) and j < len(known_s):
        apart = found_s[i] - known_s[j]
        hits += abs(apart) <= tolerance_s
        i += apart <= tolerance_s
        j += apart >= -tolerance_s
    return 2 * hits / (len(found_s) + len(known_s))
