import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_workers.audio.stft import inverse_stft, stft


@settings(deadline=None, max_examples=30)
@given(frames=st.integers(1, 9000), channels=st.integers(1, 2))
def test_there_and_back_is_identity_for_any_length(frames: int, channels: int) -> None:
    samples = np.random.default_rng(frames).uniform(-1, 1, (channels, frames)).astype(np.float32)
    spectrum = stft(samples, 1024, 256)
    assert spectrum.dtype == np.complex64
    np.testing.assert_allclose(inverse_stft(spectrum, 1024, 256, frames), samples, atol=2e-6)


def test_a_sine_stands_in_its_bin() -> None:
    t = np.arange(8192)
    sine = np.sin(2 * np.pi * 32 / 1024 * t).astype(np.float32)[None]
    assert np.abs(stft(sine, 1024, 256))[0, 16].argmax() == 32
