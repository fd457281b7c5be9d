import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_workers.analysis import document
from gpu_workers.analysis.detection import Range
from gpu_workers.analysis.structure import Section
from gpu_workers.analysis.tonal import Tonal
from gpu_workers.audio.meter import Loudness
from gpu_workers.audio.rhythm.counting import Rhythm
from gpu_workers.audio.spectra import FRAME_S


@given(st.floats(0, 30_000))
def test_series_are_short(duration_s: float) -> None:
    step_s = document.series_step_s(duration_s)
    assert step_s >= 0.1
    assert duration_s / step_s <= 3000 + 1e-6


@given(st.integers(1, 400), st.integers(1, 3))
def test_a_summary_keeps_mean_and_spread(frames: int, rows: int) -> None:
    series = np.random.default_rng(frames).normal(5, 1, (rows, frames))
    found = document.summary(series, 0.1)
    assert found["mean"] == pytest.approx(series.mean(axis=1), rel=1e-4)
    assert found["std"] == pytest.approx(series.std(axis=1), rel=1e-4, abs=1e-4)
    assert len(found["series"]) <= frames * FRAME_S / 0.1 + 1
    assert all(len(values) == rows for values in found["series"])


def test_a_series_has_the_means_of_its_parts() -> None:
    ramp = np.arange(1000.0)
    found = document.summary(ramp, 10 * FRAME_S)
    assert found["series"][:3] == [4.5, 14.5, 24.5]
    assert len(found["series"]) == 100


@given(st.floats())
def test_numbers_can_be_written_as_json(value: float) -> None:
    found = document.number(value)
    if abs(value) < 1e300:
        assert found == pytest.approx(value, rel=1e-4)
        assert str(found) != "-0.0"
    else:
        assert found is None or math.isfinite(found)


@given(st.one_of(st.none(), st.floats()), st.integers(0, 3))
def test_decimals_can_be_written_as_json(value: float | None, decimals: int) -> None:
    found = document.fixed(value, decimals)
    if value is None or not math.isfinite(value):
        assert found is None
    else:
        assert found == pytest.approx(value, abs=0.51 * 10**-decimals)
        assert str(found) != "-0.0"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_reaches_no_entry(bad: float) -> None:
    beats = np.array([0.5, bad])
    entries = {
        "tempo": document.tempo(Rhythm(bad, beats, beats, 4, bad, beats)),
        "beats": document.times(beats),
        "key": document.key(Tonal("A", "minor", bad, [], bad)),
        "loudness": document.loudness(Loudness(bad, bad, bad, bad)),
        "structure": document.spans([Section(bad, bad, "A")]),
        "detection": document.ranges([Range(bad, bad, bad)]),
        "energy": document.summary(np.array([1, np.nan]), 0.1),
    }
    json.dumps(entries, allow_nan=False)
    assert entries["beats"] == [0.5]
    assert entries["tempo"] == {"bpm": None, "confidence": None, "meter": 4}


def test_there_may_be_no_key_and_no_loudness() -> None:
    assert document.key(Tonal(None, None, 0.0, [], 0.0)) is None
    assert document.key_name(Tonal("A", "minor", 0.9, [], 3.0)) == "A minor"
    found = document.loudness(Loudness(-14.126, None, -1.0, None))
    assert found == {
        "integrated_lufs": -14.13,
        "range_lu": None,
        "true_peak_dbtp": -1.0,
        "sample_peak_dbfs": None,
    }
