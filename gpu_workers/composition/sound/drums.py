"""Drum kits: General MIDI notes to pieces, each made of modes, noise and transients; four takes of every stroke."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.instrument import Instrument, Mono, Stereo, Stroke

KICKS = frozenset({35, 36})
CLOSING_HATS, OPEN_HAT = frozenset({42, 44}), 46
"""A closed or pedalled hat ends an open one."""


@dataclass(frozen=True, slots=True)
class Kit:
    """How a kit is tuned and damped."""

    kick_hz: float
    kick_t60_s: float
    kick_sweep: float
    """By how many times its pitch the drum begins higher."""
    kick_click: float
    kick_drive: float
    snare_hz: float
    snare_t60_s: float
    wires: float
    wires_t60_s: float
    hat_hz: float
    hat_t60_s: float
    synthetic: float
    """0: skins and bronze; 1: oscillators."""
    brushes: bool = False


_ACOUSTIC = Kit(56, 0.42, 1.6, 0.35, 1.4, 188, 0.20, 0.75, 0.30, 6500, 0.09, 0.0)
_ELECTRONIC = Kit(49, 0.50, 4.2, 0.45, 2.2, 178, 0.16, 0.9, 0.26, 7800, 0.06, 1.0)
_HIPHOP = Kit(44, 0.75, 3.0, 0.25, 2.8, 196, 0.16, 0.95, 0.22, 7000, 0.07, 0.6)
_BRUSH = Kit(60, 0.36, 0.9, 0.12, 1.1, 196, 0.14, 0.5, 0.34, 6200, 0.10, 0.0, brushes=True)


def kick(stroke: Stroke, kit: Kit) -> Mono:
    """A sine that falls to its pitch, a shell's second mode, the beater."""
    rate, count, v = stroke.rate_hz, stroke.frames, stroke.velocity
    t = dsp.time_s(count, rate)
    hz = kit.kick_hz * stroke.rng.uniform(0.985, 1.015)
    fall = 1 + kit.kick_sweep * (0.6 + 0.4 * v) * np.exp(-t / 0.016) + 0.22 * np.exp(-t / 0.09)
    body = np.sin(2 * np.pi * np.cumsum(hz * fall) / rate) * np.exp(-6.9 * t / kit.kick_t60_s)
    out = dsp.softened(body.astype(np.float32), kit.kick_drive * (0.6 + 0.5 * v))
    beater = dsp.band_pass(dsp.noise(count, stroke.rng), 1400, 6500, rate) * dsp.decay(0.018, count, rate)
    knock = dsp.band_pass(dsp.noise(count, stroke.rng), 180, 700, rate) * dsp.decay(0.06, count, rate)
    out += np.float32(kit.kick_click * (0.25 + 0.75 * v)) * beater + np.float32(0.25 * (1 - kit.synthetic)) * knock
    return dsp.rise(out, 0.0007, rate)


def snare(stroke: Stroke, kit: Kit) -> Mono:
    """Modes of the skin (1 : 1.59 : 2.14 : 2.30) that fall in pitch, and the wires, which answer a little later."""
    rate, count, v, rng = stroke.rate_hz, stroke.frames, stroke.velocity, stroke.rng
    ratios = np.array((1.0, 1.59, 2.14, 2.30, 2.65)) if not kit.synthetic else np.array((1.0, 1.82))
    gains = np.array((0.62, 0.38, 0.22, 0.2, 0.12))[: len(ratios)] * rng.uniform(0.8, 1.2, len(ratios))
    t60 = kit.snare_t60_s / ratios**0.8
    skin = dsp.partials(kit.snare_hz * ratios, gains, t60, count, rate)[0]
    t = dsp.time_s(count, rate)
    skin = dsp.bend(skin, 260 * v * np.exp(-t / 0.018))
    hiss = dsp.band_pass(dsp.noise(count, rng), 1300, 7000, rate, 2)
    length = kit.wires_t60_s * (0.7 + 0.4 * v)
    shape = dsp.decay(length, count, rate) + np.float32(0.6) * dsp.decay(length / 4, count, rate)
    if kit.brushes:
        shape *= dsp.curve(((0, 0.15), (0.03, 1.0), (0.1, 0.7)), count, rate)
    crack = dsp.band_pass(dsp.noise(count, rng), 900, 4500, rate) * dsp.decay(0.02, count, rate)
    out = skin + np.float32(kit.wires * 0.55) * hiss * shape + np.float32(0.5 * v) * crack
    return dsp.rise(dsp.softened(out, 1.3), 0.0006, rate)


def rim(stroke: Stroke, kit: Kit) -> Mono:
    """Stick across the rim."""
    modes = np.array((430.0, 930.0, 1720.0, 2890.0)) * stroke.rng.uniform(0.99, 1.01, 4)
    tone: Mono = dsp.partials(modes, (0.3, 0.5, 0.5, 0.25), (0.06, 0.07, 0.05, 0.03), stroke.frames, stroke.rate_hz)[0]
    tick = dsp.high_pass(dsp.noise(stroke.frames, stroke.rng), 2500, stroke.rate_hz)
    tone += np.float32(0.4) * tick * dsp.decay(0.012, stroke.frames, stroke.rate_hz)
    return tone


def clap(stroke: Stroke, kit: Kit) -> Mono:
    """Four hands not quite together, then the room between them."""
    rate, count = stroke.rate_hz, stroke.frames
    t = dsp.time_s(count, rate)
    shape = 0.30 * np.exp(-6.9 * np.maximum(t - 0.03, 0) / 0.24) * (t >= 0.03)
    for late in np.array((0.0, 0.010, 0.021, 0.031)) + stroke.rng.uniform(0, 0.003, 4):
        shape += np.exp(-np.maximum(t - late, 0) / 0.004) * (t >= late)
    hiss = dsp.band_pass(dsp.noise(count, stroke.rng), 850, 3800, rate)
    struck: Mono = hiss * shape.astype(np.float32)
    return struck


_METAL_HZ = np.array((1.0, 1.447, 1.618, 1.927, 2.503, 2.665, 3.17, 3.73, 4.11))
"""Ratios of a cymbal's strong modes, spread so that none is in tune with another."""


def metal(stroke: Stroke, base_hz: float, t60_s: float, floor_hz: float, synthetic: float) -> Mono:
    """Bronze: modes that beat, and noise above `floor_hz` whose top dies first."""
    rate, count, rng, v = stroke.rate_hz, stroke.frames, stroke.rng, stroke.velocity
    ratios = np.concatenate([_METAL_HZ * octave for octave in (1.0, 2.19, 3.77)])
    freqs = base_hz * ratios * rng.uniform(0.995, 1.005, len(ratios))
    gains = rng.uniform(0.4, 1.0, len(ratios)) * 0.10 * (0.6 + 0.8 * synthetic)
    ring = dsp.partials(
        freqs, gains, t60_s * rng.uniform(0.5, 1.2, len(ratios)), count, rate, rng.uniform(-3, 3, len(ratios))
    )[0]
    hiss = dsp.noise(count, rng)
    low = dsp.band_pass(hiss, floor_hz, 1.9 * floor_hz, rate, 1) * dsp.decay(t60_s, count, rate)
    high = dsp.high_pass(hiss, 1.5 * floor_hz, rate) * dsp.decay(0.6 * t60_s, count, rate)
    out = ring + np.float32(0.5) * low + np.float32(0.35 + 0.3 * v) * high
    return dsp.rise(dsp.band_pass(out, 0.55 * floor_hz, 14500, rate, 1), 0.0007, rate)


def tom(stroke: Stroke, hz: float, t60_s: float, synthetic: float) -> Mono:
    """A drum of two skins; its pitch falls after a hard stroke."""
    rate, count, rng = stroke.rate_hz, stroke.frames, stroke.rng
    ratios = np.array((1.0, 1.59, 2.14, 2.92))
    gains = np.array((0.75, 0.28, 0.14, 0.06)) * rng.uniform(0.8, 1.2, 4) * (1 - 0.6 * synthetic * (ratios > 1))
    skin = dsp.partials(hz * ratios, gains, t60_s / ratios, count, rate)[0]
    t = dsp.time_s(count, rate)
    skin = dsp.bend(skin, (180 + 500 * synthetic) * stroke.velocity * np.exp(-t / 0.05))
    stick = dsp.band_pass(dsp.noise(count, rng), 900, 4500, rate) * dsp.decay(0.02, count, rate)
    return dsp.rise(skin + np.float32(0.25 * (0.3 + stroke.velocity)) * stick, 0.0008, rate)


def shaker(stroke: Stroke, floor_hz: float, t60_s: float) -> Mono:
    """Grains that swing forward, then stop."""
    rate, count = stroke.rate_hz, stroke.frames
    grains = dsp.noise(count, stroke.rng) * (stroke.rng.uniform(size=count) < 0.35)
    hiss = dsp.band_pass(grains.astype(np.float32), floor_hz, 2.2 * floor_hz, rate, 1)
    hiss *= dsp.decay(t60_s, count, rate) * dsp.curve(((0, 0.1), (0.018, 1.0)), count, rate)
    return hiss


def ringing(stroke: Stroke, freqs: tuple[float, ...], t60_s: float) -> Mono:
    """Bells, blocks and bars: a few modes and a tick."""
    levels = 0.7 / np.arange(1, len(freqs) + 1)
    tone: Mono = dsp.partials(freqs, levels, t60_s, stroke.frames, stroke.rate_hz)[0]
    tick = dsp.high_pass(dsp.noise(stroke.frames, stroke.rng), 2000, stroke.rate_hz)
    tone += np.float32(0.15) * tick * dsp.decay(0.008, stroke.frames, stroke.rate_hz)
    return tone


def hand_drum(stroke: Stroke, hz: float, t60_s: float, slap: float) -> Mono:
    """Congas and bongos."""
    rate, count = stroke.rate_hz, stroke.frames
    ratios = np.array((1.0, 1.57, 2.13, 2.62, 3.4))
    gains = np.array((0.8, 0.3, 0.2, 0.12, 0.1)) * np.where(ratios > 1, 0.4 + slap, 1.0)
    skin = dsp.partials(hz * ratios * stroke.rng.uniform(0.99, 1.01), gains, t60_s / ratios, count, rate)[0]
    skin = dsp.bend(skin, 70 * stroke.velocity * np.exp(-dsp.time_s(count, rate) / 0.03))
    hit = dsp.band_pass(dsp.noise(count, stroke.rng), 700, 5000, rate) * dsp.decay(0.02 + 0.03 * slap, count, rate)
    return dsp.rise(skin + np.float32(0.15 + 0.5 * slap) * hit, 0.0007, rate)


_Piece = tuple[Callable[[Stroke, Kit], Mono], float, float]
"""What plays it, its level in dB, where it stands (-1 to 1)."""


def _tom(hz: float) -> Callable[[Stroke, Kit], Mono]:
    return lambda stroke, kit: tom(stroke, hz, 0.55 + 22 / hz, kit.synthetic)


def _hat(open_share: float) -> Callable[[Stroke, Kit], Mono]:
    def play(stroke: Stroke, kit: Kit) -> Mono:
        return metal(stroke, 0.062 * kit.hat_hz, kit.hat_t60_s * open_share, kit.hat_hz, kit.synthetic)

    return play


def _cymbal(base_hz: float, t60_s: float, floor_hz: float) -> Callable[[Stroke, Kit], Mono]:
    return lambda stroke, kit: metal(stroke, base_hz, t60_s, floor_hz, 0.3 * kit.synthetic)


def _hand(hz: float, t60_s: float, slap: float) -> Callable[[Stroke, Kit], Mono]:
    return lambda stroke, kit: hand_drum(stroke, hz, t60_s, slap)


def _shaken(floor_hz: float, t60_s: float) -> Callable[[Stroke, Kit], Mono]:
    return lambda stroke, kit: shaker(stroke, floor_hz, t60_s)


def _rung(freqs: tuple[float, ...], t60_s: float) -> Callable[[Stroke, Kit], Mono]:
    return lambda stroke, kit: ringing(stroke, freqs, t60_s)


PIECES: dict[int, _Piece] = {
    35: (kick, 0, 0), 36: (kick, 0, 0), 37: (rim, -7, 0.1), 38: (snare, -3, 0.05), 39: (clap, -4, -0.1),
    40: (snare, -2.5, 0.05), 41: (_tom(82), -3, 0.5), 42: (_hat(1), -13, -0.35), 43: (_tom(98), -3, 0.4),
    44: (_hat(1.5), -15, -0.35), 45: (_tom(118), -4, 0.2), 46: (_hat(7), -12, -0.35), 47: (_tom(138), -4, 0.05),
    48: (_tom(165), -4, -0.15), 49: (_cymbal(430, 2.6, 4200), -9, -0.5), 50: (_tom(196), -4, -0.3),
    51: (_cymbal(520, 2.2, 5200), -15, 0.45), 52: (_cymbal(370, 1.8, 3400), -10, 0.5),
    53: (_rung((1180.0, 2030.0, 2960.0, 4410.0), 1.8), -15, 0.45), 54: (_shaken(6500, 0.16), -3, 0.3),
    55: (_cymbal(640, 1.1, 5600), -11, -0.2), 56: (_rung((562.0, 845.0, 1690.0), 0.3), -14, 0.25),
    57: (_cymbal(470, 2.4, 4500), -9, 0.55), 59: (_cymbal(560, 1.9, 5400), -15, 0.4),
    60: (_hand(330, 0.16, 0.3), -5, -0.25), 61: (_hand(236, 0.22, 0.2), -5, 0.25),
    62: (_hand(285, 0.06, 0.6), -6, -0.2), 63: (_hand(196, 0.40, 0.2), -5, -0.2), 64: (_hand(146, 0.48, 0.15), -4, 0.2),
    65: (_hand(380, 0.35, 0.5), -7, -0.3), 66: (_hand(290, 0.42, 0.5), -7, 0.3), 67: (_rung((905.0, 1340.0, 2510.0),
    0.35), -14, -0.3),
    68: (_rung((680.0, 1010.0, 1890.0), 0.4), -14, 0.3), 69: (_shaken(5200, 0.09), -3, -0.4),
    70: (_shaken(6000, 0.07), -3, 0.4), 75: (_rung((2480.0, 5270.0), 0.07), -11, 0.2),
    76: (_rung((1120.0, 2750.0, 4210.0), 0.06), -10, -0.2), 77: (_rung((760.0, 1900.0, 3050.0), 0.08), -10, 0.2),
    80: (_rung((4180.0, 6630.0, 9050.0), 0.12), -15, 0.35), 81: (_rung((4180.0, 6630.0, 9050.0), 1.8), -16, 0.35),
    82: (_shaken(7000, 0.10), -3, 0.35),
}  # fmt: skip
_UNKNOWN: _Piece = (rim, -9, 0.0)


_LENGTHS_S = {
    **dict.fromkeys((35, 36), 1.1), **dict.fromkeys((41, 43, 45, 47, 48, 50), 0.9), **dict.fromkeys((49, 57), 2.7),
    **dict.fromkeys((51, 53, 59, 81), 2.0), **dict.fromkeys((52, 55), 1.5), 46: 0.75,
}  # fmt: skip
_SHORT_S = 0.45
_WIDE = frozenset({38, 39, 40, 42, 44, 46, 49, 51, 52, 54, 55, 57, 59, 69, 70, 82})


def played(stroke: Stroke, kit: Kit) -> Stereo:
    """The piece that the pitch names, as long as it rings."""
    stroke = replace(stroke, length_s=min(stroke.length_s, _LENGTHS_S.get(stroke.pitch, _SHORT_S)))
    play, level_db, place = PIECES.get(stroke.pitch, _UNKNOWN)
    out = dsp.panned(play(stroke, kit), place * (0.8 if not kit.synthetic else 0.6))
    if stroke.pitch in _WIDE:
        # Two microphones over the kit: what differs between them is another take, opposed, and gone in mono.
        beside = dsp.high_pass(play(stroke, kit), 1500, stroke.rate_hz)
        out += np.float32(0.3) * np.stack((beside, -beside))
    out *= np.float32(0.8 * dsp.gain(level_db))
    if kit.brushes and stroke.pitch not in KICKS:
        out = dsp.low_pass(out, 3500 + 5500 * stroke.velocity, stroke.rate_hz)
    return out


def acoustic(stroke: Stroke) -> Stereo:
    """A rock kit in a good room."""
    return played(stroke, _ACOUSTIC)


def electronic(stroke: Stroke) -> Stereo:
    """A drum machine for dancing."""
    return played(stroke, _ELECTRONIC)


def hiphop(stroke: Stroke) -> Stereo:
    """Deep and worn: driven, with the top rolled off and a dust of 12 bits."""
    out = np.round(dsp.softened(played(stroke, _HIPHOP), 1.5) * 2048) / np.float32(2048)
    return dsp.low_pass(out.astype(np.float32), 11500, stroke.rate_hz)


def brush(stroke: Stroke) -> Stereo:
    """Brushes."""
    return played(stroke, _BRUSH)


def kit(voice: Callable[[Stroke], Stereo]) -> Instrument:
    """An instrument whose pieces ring out."""
    return Instrument(
        voice, release_s=0.05, ring_s=2.6, longest_s=2.7, drum=True, takes=4, layers=4, high_pass_hz=30,
        range_db=30.0, compression=2.5,
    )  # fmt: skip


INSTRUMENTS = {
    "kit_acoustic": kit(acoustic),
    "kit_electronic": kit(electronic),
    "kit_hiphop": kit(hiphop),
    "kit_brush": kit(brush),
}
