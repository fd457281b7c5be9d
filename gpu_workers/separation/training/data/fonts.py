"""Instruments of soundfonts, played by FluidSynth's library: one engine for each part, so that parts never mix.

The library is called in this process, for its program reads a soundfont anew for each part, which takes longer than
playing. Both soundfonts are under MIT, CC0 or in the public domain.
"""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gpu_workers.separation.fitting.programs import Key, MissingProgramError
from gpu_workers.separation.training.data.plans import RATE_HZ, Stereo

_FOLDERS = (Path("/usr/share/sounds/sf2"), Path("/usr/share/sounds/sf3"), Path("/usr/share/soundfonts"))
_DRUM_BANK = 128
_DRUM_CHANNEL = 9
_GAIN = 0.5


@dataclass(frozen=True)
class Font:
    """A soundfont as Debian installs it."""

    name: str
    file: str
    package: str

    def path(self) -> Path:
        """Where it lies. Raises MissingProgramError."""
        for folder in _FOLDERS:
            if (folder / self.file).is_file():
                return folder / self.file
        raise MissingProgramError(f"{self.file} is missing: apt-get install {self.package}")


FLUID = Font("fluid", "FluidR3_GM.sf2", "fluid-soundfont-gm")
MUSESCORE = Font("musescore", "MuseScore_General_Full.sf2", "musescore-general-soundfont-lossless")
FONTS = (FLUID, MUSESCORE)

KITS = (0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 16, 17, 18, 24, 25, 32, 33, 34, 40)
BASSES = tuple(range(32, 40))
CHORDAL = (*range(8), *range(10, 13), 15, *range(16, 32), *range(44, 52), *range(55, 56), *range(61, 64),
           *range(88, 91), *range(92, 96), *range(99, 101), 104, 106, 107)  # fmt: skip
LINEAR = (*range(16), *range(21, 32), *range(40, 47), *range(56, 61), *range(64, 81), *range(80, 85), 86, 87,
          *range(104, 112), 114)  # fmt: skip
"""Programs of General MIDI. Its choirs (52 to 54, 85, 91) are in neither: to some a voice, to others a pad."""


@cache
def _library() -> Any:
    """Libfluidsynth with the types of what is used. Raises MissingProgramError."""
    found = find_library("fluidsynth")
    if found is None:
        raise MissingProgramError("libfluidsynth is missing: apt-get install fluidsynth")
    library, pointer, number = ctypes.CDLL(found), ctypes.c_void_p, ctypes.c_int
    library.new_fluid_settings.restype = pointer
    library.new_fluid_synth.restype = pointer
    library.new_fluid_synth.argtypes = [pointer]
    library.fluid_settings_setint.argtypes = [pointer, ctypes.c_char_p, number]
    library.fluid_settings_setnum.argtypes = [pointer, ctypes.c_char_p, ctypes.c_double]
    library.fluid_synth_sfload.argtypes = [pointer, ctypes.c_char_p, number]
    library.fluid_synth_program_select.argtypes = [pointer, number, number, number, number]
    library.fluid_synth_noteon.argtypes = [pointer, number, number, number]
    library.fluid_synth_noteoff.argtypes = [pointer, number, number]
    side: list[Any] = [pointer, number, number]
    library.fluid_synth_write_float.argtypes = [pointer, number, *side, *side]
    library.delete_fluid_synth.argtypes = [pointer]
    library.delete_fluid_settings.argtypes = [pointer]
    library.fluid_set_log_function(1, None, None)
    library.fluid_set_log_function(2, None, None)
    return library


def check() -> None:
    """Raises MissingProgramError where the library or a soundfont is not installed."""
    _library()
    for font in FONTS:
        font.path()


def play(keys: Sequence[Key], font: Font, program: int, seconds: float, *, drums: bool = False) -> Stereo:
    """The keys on a program of the soundfont (for drums: on one of its kits), dry: (2, frames).

    Raises MissingProgramError.
    """
    with _engine(font) as (library, engine, loaded):
        if not _selected(library, engine, loaded, program, drums=drums):
            raise MissingProgramError(f"{font.file} has no program {program} here: another version of {font.package}?")
        return _played(library, engine, _DRUM_CHANNEL if drums else 0, keys, round(seconds * RATE_HZ))


def missing(font: Font, programs: Iterable[int], *, drums: bool = False) -> list[int]:
    """Which of the programs, or kits, a soundfont lacks. Raises MissingProgramError."""
    with _engine(font) as (library, engine, loaded):
        return [one for one in programs if not _selected(library, engine, loaded, one, drums=drums)]


@contextmanager
def _engine(font: Font) -> Iterator[tuple[Any, Any, int]]:
    """(library, a FluidSynth without effects, the soundfont's number in it)."""
    library, path = _library(), font.path()
    settings = library.new_fluid_settings()
    library.fluid_settings_setnum(settings, b"synth.sample-rate", float(RATE_HZ))
    library.fluid_settings_setnum(settings, b"synth.gain", _GAIN)
    for name in (b"synth.reverb.active", b"synth.chorus.active"):
        library.fluid_settings_setint(settings, name, 0)
    library.fluid_settings_setint(settings, b"synth.dynamic-sample-loading", 1)
    engine = library.new_fluid_synth(settings)
    try:
        loaded = library.fluid_synth_sfload(engine, str(path).encode(), 1)
        if loaded < 0:
            raise MissingProgramError(f"{path} cannot be read: apt-get install --reinstall {font.package}")
        yield library, engine, loaded
    finally:
        library.delete_fluid_synth(engine)
        library.delete_fluid_settings(settings)


def _selected(library: Any, engine: Any, loaded: int, program: int, *, drums: bool) -> bool:
    channel, bank = (_DRUM_CHANNEL, _DRUM_BANK) if drums else (0, 0)
    return bool(library.fluid_synth_program_select(engine, channel, loaded, bank, program) == 0)


def _played(library: Any, engine: Any, channel: int, keys: Sequence[Key], frames: int) -> Stereo:
    events = [(round(key.start_s * RATE_HZ), 1, key.pitch, key.velocity) for key in keys]
    events += [(round((key.start_s + key.length_s) * RATE_HZ), 0, key.pitch, 0) for key in keys]
    out, at = np.zeros((2, frames), np.float32), 0
    left, right = out[0].ctypes.data, out[1].ctypes.data
    for frame, down, pitch, velocity in [*sorted(events), (frames, 0, 0, 0)]:
        until = min(frame, frames)
        if until > at:
            library.fluid_synth_write_float(engine, until - at, left, at, 1, right, at, 1)
            at = until
        if at >= frames:
            break
        if down:
            library.fluid_synth_noteon(engine, channel, pitch, velocity)
        else:
            library.fluid_synth_noteoff(engine, channel, pitch)
    return out
