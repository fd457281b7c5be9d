from pathlib import Path

import numpy as np
import pytest

from gpu_workers.audio import mono
from gpu_workers.audio.files import AudioFile


def audio(path: Path, samples: np.typing.NDArray[np.float32], rate_hz: int) -> AudioFile:
    samples.T.astype("<f4").tofile(path)
    return AudioFile(path, rate_hz, samples.shape[0], samples.shape[1])


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 96000])
def test_a_tone_stays_what_it_is_at_another_rate(tmp_path: Path, rate_hz: int) -> None:
    t = np.arange(rate_hz * 3) / rate_hz
    samples = np.stack([np.sin(2 * np.pi * 440 * t), np.zeros(len(t))]).astype(np.float32)
    seen: list[int] = []
    blocks = list(mono.mono_blocks(audio(tmp_path / "a", samples, rate_hz), lambda b: seen.append(b.shape[1])))
    folded = np.concatenate(blocks)
    assert sum(seen) == len(t)
    assert len(folded) == pytest.approx(3 * 22050, abs=2)
    inside = np.arange(2000, 60_000)
    np.testing.assert_allclose(folded[inside], 0.5 * np.sin(2 * np.pi * 440 * inside / 22050), atol=2e-3)


def test_the_head_keeps_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mono, "LONGEST_S", 1)
    head = mono.Head(5.0)
    for _ in range(4):
        head.add(np.ones(10_000, np.float32))
    assert len(head.samples) == 22050
    assert head.samples.all()


def test_the_head_of_a_short_file_ends_with_it() -> None:
    head = mono.Head(0.5)
    head.add(np.ones(100, np.float32))
    assert len(head.samples) == 11025
    assert head.samples.sum() == 100
