"""The same parts through FluidSynth and the soundfont FluidR3 (MIT), where both are installed.

FluidSynth plays a part's notes dry; level, pan, effects and master are those of our own synthesiser. What General MIDI
lacks (tabla, tanpura, risers and the like) our own plays.
"""

import os
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from gpu_workers.composition.score import Note, Part
from gpu_workers.composition.sound import effects
from gpu_workers.composition.sound.catalogue import INSTRUMENTS
from gpu_workers.composition.sound.instrument import Stereo
from gpu_workers.composition.sound.mixer import Stage

_SOUNDFONTS = ("/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/soundfonts/FluidR3_GM.sf2")
_TICKS = 960
_MICROSECONDS = 500_000
"""Of a quarter note in the file: ticks are times, and the score's own tempo has been applied."""
_TAIL_S = 6.0
"""After the end of a loop, for what rings on into its beginning."""
_LEVEL, _DRUM_LEVEL = 1.3, 3.0
"""Bring the soundfont's presets to the level of our own instruments, by their median."""
_TIME_LIMIT_S = 600.0


class FluidError(RuntimeError):
    """FluidSynth is missing or failed."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A General MIDI program (0 to 127), or a drum kit."""

    program: int
    drums: bool = False


PRESETS = {
    "kit_acoustic": Preset(0, drums=True), "kit_electronic": Preset(25, drums=True),
    "kit_hiphop": Preset(24, drums=True), "kit_brush": Preset(40, drums=True),
    "percussion_world": Preset(0, drums=True),
    "bass_finger": Preset(33), "bass_synth": Preset(38), "bass_upright": Preset(32), "piano": Preset(0),
    "epiano": Preset(4), "organ": Preset(16),
    "clavinet": Preset(7), "guitar_nylon": Preset(24), "guitar_steel": Preset(25), "guitar_electric": Preset(27),
    "guitar_muted": Preset(28), "harp": Preset(46), "sitar": Preset(104), "strings": Preset(48),
    "strings_pizz": Preset(45), "cello": Preset(42), "violin": Preset(40), "flute": Preset(73), "bansuri": Preset(75),
    "brass": Preset(61), "marimba": Preset(12), "vibraphone": Preset(11), "glockenspiel": Preset(9),
    "celesta": Preset(8), "pad_warm": Preset(89), "pad_air": Preset(91), "pad_dark": Preset(95), "choir": Preset(52),
    "lead_saw": Preset(81), "lead_square": Preset(80), "vowel": Preset(53),
}  # fmt: skip


def plays(instrument: str) -> bool:
    """General MIDI has it."""
    return instrument in PRESETS


def available() -> bool:
    """The program and its soundfont are there."""
    return shutil.which("fluidsynth") is not None and soundfont() is not None


@cache
def soundfont() -> Path | None:
    """FluidR3: where the environment variable SOUNDFONT says, or where Linux distributions put it."""
    places = (os.environ.get("SOUNDFONT", ""), *_SOUNDFONTS)
    return next((Path(place) for place in places if place and Path(place).is_file()), None)


def dry(part: Part, where: Stage, out: Stereo) -> None:
    """Add the part's notes to `out` (2, frames). Raises FluidError."""
    notes = tuple(note for note in part.notes if 0 <= where.frame(note.start_beats) < where.frames)
    if not notes:
        return
    sound = played(midi(notes, PRESETS[part.instrument], part.instrument, where), where.rate_hz)
    sound *= np.float32(_DRUM_LEVEL if PRESETS[part.instrument].drums else _LEVEL)
    effects.laid(out, sound, 0, loop=where.score.loop)


def midi(notes: tuple[Note, ...], preset: Preset, instrument: str, where: Stage) -> bytes:
    """A Standard MIDI File of format 0 with one track, a program change and the notes."""
    channel = 9 if preset.drums else 0
    ticks_s = _TICKS * 1e6 / _MICROSECONDS
    nearest = INSTRUMENTS[instrument].nearest
    events: list[tuple[int, int, bytes]] = []
    for note in notes:
        start_s = where.score.seconds(note.start_beats)
        end_s = where.score.seconds(note.end_beats)
        pitch = nearest(note.pitch)
        velocity = int(np.clip(round(127 * note.velocity), 1, 127))
        start = round(start_s * ticks_s)
        events.append((start, 1, bytes((0x90 | channel, pitch, velocity))))
        events.append((max(round(end_s * ticks_s), start + 1), 0, bytes((0x80 | channel, pitch, 0))))
    events.sort()
    # Controllers 91 and 93 of nought: no reverberation, no chorus; the soundfont's own presets may ask for them.
    track = bytearray(b"\x00\xff\x51\x03" + _MICROSECONDS.to_bytes(3, "big"))
    for message in ((0xC0 | channel, preset.program), (0xB0 | channel, 91, 0), (0xB0 | channel, 93, 0)):
        track += b"\x00" + bytes(message)
    at = 0
    for tick, _, message_bytes in events:
        track += _variable(tick - at) + message_bytes
        at = tick
    end = round((where.score.duration_s + (_TAIL_S if where.score.loop else 0.0)) * ticks_s)
    track += _variable(max(end - at, 0)) + b"\xff\x2f\x00"
    header = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, _TICKS)
    return header + struct.pack(">4sI", b"MTrk", len(track)) + bytes(track)


def played(song: bytes, rate_hz: int) -> Stereo:
    """(2, frames) of a MIDI file, its tail included. Raises FluidError."""
    font = soundfont()
    program = shutil.which("fluidsynth")
    if font is None or program is None:
        raise FluidError("the program fluidsynth or its soundfont FluidR3_GM.sf2 is not installed")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "part.mid"), Path(folder, "part.raw")
        source.write_bytes(song)
        command = [
            program, "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(rate_hz), "-T", "raw", "-O", "float",
            "-E", "little", "-o", "synth.dynamic-sample-loading=1", "-F", str(target), str(font), str(source),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIME_LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise FluidError("fluidsynth took too long") from error
        if done.returncode or not target.is_file():
            raise FluidError(f"fluidsynth failed: {done.stderr.decode(errors='replace')[-300:]}")
        frames = np.fromfile(target, "<f4")
    return frames[: len(frames) // 2 * 2].astype(np.float32, copy=False).reshape(-1, 2).T


def _variable(value: int) -> bytes:
    """A length of a MIDI file: seven bits a byte, the highest first."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | (value & 0x7F))
    return bytes(reversed(out))
