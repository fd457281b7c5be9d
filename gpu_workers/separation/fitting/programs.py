"""The programs that render instruments and speech: fluidsynth, espeak-ng, flite. None is part of the worker."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.io import wavfile
from scipy.signal import resample_poly

Mono = npt.NDArray[np.float64]
Stereo = npt.NDArray[np.float64]
"""Shape (2, frames)."""

RATE_HZ = 44_100
SOUNDFONTS = Path("/usr/share/sounds/sf2")
_TICKS = 480
_DRUM_CHANNEL = 9


class MissingProgramError(RuntimeError):
    """A program or a soundfont is not installed; says the Debian package."""


@dataclass(frozen=True)
class Key:
    """One key of an instrument going down: from when, how long, which MIDI number, how hard (1 to 127)."""

    start_s: float
    length_s: float
    pitch: int
    velocity: int


def program(name: str, package: str) -> str:
    """The path of a program. Raises MissingProgramError."""
    found = shutil.which(name)
    if found is None:
        raise MissingProgramError(f"{name} is missing: apt-get install {package}")
    return found


def soundfont(name: str, package: str) -> Path:
    """The path of a soundfont. Raises MissingProgramError."""
    path = SOUNDFONTS / name
    if not path.is_file():
        raise MissingProgramError(f"{path} is missing: apt-get install {package}")
    return path


def midi(keys: Sequence[Key], preset: int, *, drums: bool = False) -> bytes:
    """A standard MIDI file of one track at one second a quarter note; `drums` takes the channel of the kits."""
    channel = _DRUM_CHANNEL if drums else 0
    events = [(0, bytes([0xC0 | channel, preset]))]
    for key in keys:
        start, end = round(key.start_s * _TICKS), round((key.start_s + key.length_s) * _TICKS)
        events.append((start, bytes([0x90 | channel, key.pitch, key.velocity])))
        events.append((max(end, start + 1), bytes([0x80 | channel, key.pitch, 0])))
    events.sort(key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90))
    track = bytearray(b"\x00\xff\x51\x03" + (1_000_000).to_bytes(3, "big"))
    now = 0
    for tick, event in events:
        track += _variable(tick - now) + event
        now = tick
    track += b"\x00\xff\x2f\x00"
    head = b"MThd" + b"".join(n.to_bytes(size, "big") for n, size in ((6, 4), (0, 2), (1, 2), (_TICKS, 2)))
    return head + b"MTrk" + len(track).to_bytes(4, "big") + bytes(track)


def play(keys: Sequence[Key], preset: int, font: Path, seconds: float, *, drums: bool = False) -> Stereo:
    """What fluidsynth makes of the keys, dry, `seconds` long: (2, frames)."""
    with tempfile.TemporaryDirectory() as name:
        score, sound = Path(name) / "a.mid", Path(name) / "a.raw"
        score.write_bytes(midi(keys, preset, drums=drums))
        options = ["-n", "-i", "-q", "-R", "0", "-C", "0", "-g", "0.6", "-r", str(RATE_HZ)]
        output = ["-T", "raw", "-O", "float", "-E", "little", "-F", str(sound)]
        command = [program("fluidsynth", "fluidsynth"), *options, *output, str(font), str(score)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        played = np.fromfile(sound, "<f4").reshape(-1, 2).T.astype(np.float64)
    return fitted(played, round(seconds * RATE_HZ))


def speech(command: Sequence[str]) -> Mono:
    """The wave file that `command` writes where its argument `{wave}` says, at 44.1 kHz, silence at both ends cut."""
    with tempfile.TemporaryDirectory() as name:
        wave = Path(name) / "a.wav"
        filled = [part.replace("{wave}", str(wave)) for part in command]
        subprocess.run(filled, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rate_hz, samples = wavfile.read(wave)
    common = int(np.gcd(rate_hz, RATE_HZ))
    sound: Mono = resample_poly(samples / 32768.0, RATE_HZ // common, rate_hz // common)
    heard = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max(initial=1e-9))
    return sound[heard[0] : heard[-1] + 1] if len(heard) else sound


def fitted(sound: npt.NDArray[np.float64], frames: int) -> npt.NDArray[np.float64]:
    """`sound` cut or filled with silence to `frames` along its last axis."""
    out = np.zeros((*sound.shape[:-1], frames))
    out[..., : sound.shape[-1]] = sound[..., :frames]
    return out


def _variable(number: int) -> bytes:
    """A number as MIDI files write it: seven bits a byte, the highest first."""
    out = bytearray([number & 0x7F])
    while number := number >> 7:
        out.insert(0, 0x80 | (number & 0x7F))
    return bytes(out)
