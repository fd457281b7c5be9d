"""A melody is the strongest pitch class of each step, over and over."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gpu_workers.audio.files import AudioFile, Samples
from gpu_workers.generation.melody import STEP_FRAMES, WINDOW_FRAMES, check_audible, chroma
from patchbay.domain.errors import UnusableAudio

RATE_HZ = 32_000
A4_HZ = 440.0


def file(folder: Path, sound: Samples) -> AudioFile:
    path = folder / "sound.f32"
    sound.astype("<f4").tofile(path)
    return AudioFile(path, RATE_HZ, 1, len(sound))


def tones(*semitones: int, seconds: float = 2.0) -> Samples:
    n = np.arange(round(seconds * RATE_HZ))
    sounds = [0.3 * np.sin(2 * np.pi * A4_HZ * 2 ** (up / 12) * n / RATE_HZ) for up in semitones]
    return np.concatenate(sounds).astype(np.float32)


def classes(found: torch.Tensor) -> list[int]:
    return [int(step) for step in found[0].argmax(dim=1)]


@pytest.mark.parametrize("up", range(-14, 15, 3))
def test_a_tone_is_its_pitch_class_in_any_octave(tmp_path: Path, up: int) -> None:
    found = chroma(file(tmp_path, tones(up)), 0, 2 * RATE_HZ, 12)
    assert set(classes(found)[2:-2]) == {(9 + up) % 12}, "C is 0"


def test_each_step_has_one_class(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal(5 * RATE_HZ).astype(np.float32)
    found = chroma(file(tmp_path, noise), 0, 30 * RATE_HZ, 12)
    assert found.shape == (1, 235, 12), "what the published models are conditioned on"
    assert (found.sum(dim=2) == 1).all()
    assert ((found == 0) | (found == 1)).all()


def test_notes_follow_each_other_and_begin_anew(tmp_path: Path) -> None:
    audio = file(tmp_path, tones(0, 3, 7))
    heard = classes(chroma(audio, 0, 12 * RATE_HZ, 12))
    middle = [round((second + 1) * RATE_HZ / STEP_FRAMES) for second in range(0, 12, 2)]
    assert [heard[step] for step in middle] == [9, 0, 4, 9, 0, 4]
    later = classes(chroma(audio, 2 * RATE_HZ, 12 * RATE_HZ, 12))
    assert [later[step] for step in middle] == [0, 4, 9, 0, 4, 9]


def test_a_melody_shorter_than_a_window(tmp_path: Path) -> None:
    audio = file(tmp_path, tones(0, seconds=0.01))
    assert chroma(audio, 0, 1000, 12).shape == (1, 1 + WINDOW_FRAMES // STEP_FRAMES, 12)


def test_silence_is_no_melody(tmp_path: Path) -> None:
    with pytest.raises(UnusableAudio, match="silent"):
        check_audible(file(tmp_path, np.full(RATE_HZ, 1e-6, np.float32)))
    late = np.zeros(5 * RATE_HZ, np.float32)
    late[-RATE_HZ:] = tones(0, seconds=1)
    check_audible(file(tmp_path, late))
