"""Tabla, taiko and hand percussion."""

from dataclasses import replace

import numpy as np

from gpu_workers.composition.sound import dsp
from gpu_workers.composition.sound.drums import hand_drum, kit, metal, ringing, shaker, tom
from gpu_workers.composition.sound.instrument import Mono, Stereo, Stroke

_METALS = frozenset({49, 51, 52, 55, 57, 59, 81})
_DAYAN_HZ, _BAYAN_HZ = 277.2, 92.0
_LOADED = np.array((1.0, 2.0, 3.0, 4.0, 5.0))
"""The paste in the middle brings a tabla's modes to whole ratios: C. V. Raman, "The Indian musical drums", 1934."""
_DAYAN: dict[int, tuple[tuple[float, ...], float, float]] = {
    38: ((0.25, 1.0, 0.75, 0.4, 0.2), 0.9, 0.35),
    40: ((0.9, 0.5, 0.25, 0.12, 0.05), 1.3, 0.15),
    42: ((0.3, 0.35, 0.3, 0.2, 0.15), 0.06, 0.6),
    44: ((0.3, 0.25, 0.3, 0.25, 0.2), 0.05, 0.5),
    45: ((1.0, 0.3, 0.12, 0.05, 0.02), 1.6, 0.10),
}
"""Treble strokes by drum note (na, tin, te, re, tun): levels of the modes, decay s, level of the finger's slap."""


def tabla(stroke: Stroke) -> Stereo:
    """36 is ge, whose pitch the wrist bends; 37 is ka; the others are strokes of the treble drum, na where unknown."""
    stroke = replace(stroke, length_s=min(stroke.length_s, 1.6))
    if stroke.pitch in (35, 36):
        return dsp.panned(_ge(stroke), 0.25)
    if stroke.pitch == 37:
        return dsp.panned(_slap(stroke, 420.0, 0.05) * np.float32(0.8), 0.25)
    rate, count, rng = stroke.rate_hz, stroke.frames, stroke.rng
    gains, t60_s, slap = _DAYAN.get(stroke.pitch, _DAYAN[38])
    levels = 0.42 * np.array(gains) * stroke.velocity ** np.linspace(0, 0.8, len(gains)) * rng.uniform(0.85, 1.15, 5)
    freqs = _DAYAN_HZ * _LOADED * np.array((1.0, 1.002, 0.999, 1.004, 1.006))
    tone = dsp.partials(freqs, levels, t60_s / _LOADED**0.6, count, rate)[0]
    tone = dsp.rise(tone, 0.0008, rate) + np.float32(slap) * _slap(stroke, 900.0, 0.03)
    return dsp.panned(tone, -0.2)


def _ge(stroke: Stroke) -> Mono:
    """The bass drum: the heel of the hand pushes its pitch up, then lets it sink."""
    rate, count, rng = stroke.rate_hz, stroke.frames, stroke.rng
    t = dsp.time_s(count, rate)
    gains = 0.8 * np.array((1.0, 0.28, 0.1, 0.05)) * rng.uniform(0.85, 1.15, 4)
    tone = dsp.partials(_BAYAN_HZ * np.array((1.0, 2.0, 3.02, 4.1)), gains, (1.1, 0.5, 0.3, 0.2), count, rate)[0]
    glide = rng.uniform(120, 380) * stroke.velocity
    tone = dsp.bend(tone, glide * (1 - np.exp(-t / 0.07)) * np.exp(-t / 0.35) + 150 * np.exp(-t / 0.012))
    return dsp.rise(tone, 0.0015, rate) + np.float32(0.25) * _slap(stroke, 300.0, 0.025)


def _slap(stroke: Stroke, hz: float, t60_s: float) -> Mono:
    hit = dsp.band_pass(dsp.noise(stroke.frames, stroke.rng), hz, 6 * hz, stroke.rate_hz)
    hit *= dsp.decay(t60_s, stroke.frames, stroke.rate_hz)
    return dsp.rise(hit, 0.0005, stroke.rate_hz)


def taiko(stroke: Stroke) -> Stereo:
    """Great drums: low notes the odaiko, middle ones the nagado, high ones the shime and the sticks."""
    rate, count = stroke.rate_hz, stroke.frames
    if stroke.pitch in (37, 42, 44, 75, 76, 77):
        return dsp.panned(np.float32(0.5) * ringing(stroke, (820.0, 1510.0, 2460.0), 0.07), -0.3)
    if stroke.pitch in {46, *_METALS}:
        return dsp.panned(np.float32(0.4) * metal(stroke, 300.0, 2.4, 3000.0, 0.0), 0.3)
    if stroke.pitch in (35, 36, 41):
        hz, t60_s, place = 52.0, 1.7, 0.0
    elif stroke.pitch in (48, 50, 60):
        hz, t60_s, place = 210.0, 0.4, -0.3
    else:
        hz, t60_s, place = 88.0, 1.0, 0.3 if stroke.pitch in (38, 43, 45) else -0.3
    hz *= float(stroke.rng.uniform(0.985, 1.015))
    skin = dsp.softened(tom(stroke, hz, t60_s, 0.0), 1.5)
    wood = dsp.band_pass(dsp.noise(count, stroke.rng), 250, 1800, rate) * dsp.decay(0.09, count, rate)
    return dsp.panned(skin + np.float32(0.3 * stroke.velocity) * wood, place)


_HANDS: dict[int, tuple[float, float, float, float]] = {
    35: (72, 0.9, 0.1, 0.0), 36: (78, 0.8, 0.15, 0.0), 38: (330, 0.18, 0.9, 0.2), 40: (300, 0.22, 0.7, 0.2),
    41: (98, 0.6, 0.1, 0.35), 43: (118, 0.55, 0.1, 0.3), 45: (140, 0.5, 0.15, 0.1), 47: (165, 0.45, 0.2, -0.1),
    48: (196, 0.4, 0.2, -0.25), 50: (233, 0.35, 0.3, -0.35), 60: (330, 0.16, 0.3, -0.25), 61: (236, 0.22, 0.2, 0.25),
    62: (285, 0.06, 0.6, -0.2), 63: (196, 0.40, 0.2, -0.2), 64: (146, 0.48, 0.15, 0.2),
}  # fmt: skip
"""Frame drums, cajon and congas: Hz, decay s, slap, place."""
_RUNG = {
    37: 1450.0,
    39: 1200.0,
    53: 1180.0,
    56: 562.0,
    67: 905.0,
    68: 680.0,
    75: 2480.0,
    76: 1120.0,
    77: 760.0,
    81: 4180.0,
}


def percussion(stroke: Stroke) -> Stereo:
    """Frame drums, congas, shakers, blocks and bells."""
    if stroke.pitch in _HANDS:
        hz, t60_s, slap, place = _HANDS[stroke.pitch]
        stroke = replace(stroke, length_s=min(stroke.length_s, 1.2 * t60_s + 0.1))
        return dsp.panned(np.float32(0.75) * hand_drum(stroke, hz, t60_s, slap * (0.4 + 0.6 * stroke.velocity)), place)
    stroke = replace(stroke, length_s=min(stroke.length_s, 2.0 if stroke.pitch in _METALS else 0.5))
    if stroke.pitch in _RUNG:
        hz = _RUNG[stroke.pitch]
        return dsp.panned(np.float32(0.4) * ringing(stroke, (hz, 2.31 * hz, 3.9 * hz), 260 / hz), 0.4)
    if stroke.pitch in _METALS:
        return dsp.panned(np.float32(0.35) * metal(stroke, 480.0, 1.8, 4800.0, 0.0), 0.5)
    length_s = 0.18 if stroke.pitch in (46, 54) else 0.08
    return dsp.panned(np.float32(1.8) * shaker(stroke, 5600.0, length_s), -0.4)


INSTRUMENTS = {
    "tabla": kit(tabla),
    "taiko": kit(taiko),
    "percussion_world": kit(percussion),
}
