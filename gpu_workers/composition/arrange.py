"""Which instruments play, and where: a genre's layers made into parts, with what was asked for and what was refused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from gpu_workers.composition import bass, comping, drums, melody, melody_raga
from gpu_workers.composition.chance import chance
from gpu_workers.composition.genres.record import Genre, Layer, Style
from gpu_workers.composition.piece import Piece, humanise
from gpu_workers.composition.score import Brief, Note, Part
from gpu_workers.composition.theory_ragas import TALAS, Tala

_FAMILIES: Final[dict[str, tuple[Style, tuple[int, int], str]]] = {
    "drums": ("drums", (35, 81), "kit_acoustic kit_electronic kit_hiphop kit_brush"),
    "percussion": ("perc", (35, 81), "percussion_world taiko"),
    "tabla": ("tabla", (35, 81), "tabla"),
    "bass": ("bass", (28, 48), "bass_finger bass_synth bass_sub bass_upright"),
    "keys": ("block", (50, 74), "piano epiano organ clavinet brass"),
    "strings": ("pad", (50, 76), "strings pad_warm pad_air pad_dark choir"),
    "guitar": ("strum", (48, 72), "guitar_nylon guitar_steel guitar_electric guitar_muted"),
    "arp": ("arp", (57, 84), "harp pluck_synth marimba vibraphone glockenspiel celesta strings_pizz"),
    "drone": ("drone", (36, 60), "tanpura"),
    "lead": ("melody", (58, 82), "cello violin flute lead_saw lead_square lead_soft vowel"),
    "raga": ("raga", (55, 84), "sitar sarangi bansuri"),
    "riser": ("riser", (60, 71), "riser"),
    "impact": ("impact", (60, 60), "impact"),
    "texture": ("texture", (60, 60), "vinyl"),
}
"""What an instrument does where a genre has no place for it: style, range as MIDI pitches, names."""

_RANGES: Final = {
    "strings": (36, 94), "cello": (38, 74), "flute": (61, 96), "sarangi": (47, 82), "glockenspiel": (76, 106),
    "celesta": (64, 106), "tanpura": (36, 72),
}  # fmt: skip
"""Pitches of the instruments that cannot play everything that a layer may ask for; a mood's few semitones are left."""

FAMILY: Final = {name: family for family, (_, _, names) in _FAMILIES.items() for name in names.split()}
"""The family of every instrument that a score may name."""

_STRUM_RHYTHM = ((0.0, "6-------5-------"), (0.5, "7---5-5-..5-5---"))
_ARP_RHYTHM = ((0.0, "5...4...5...4..."), (0.4, "5.4.5.4.5.4.5.4."))
_DEFAULT_RHYTHMS: Final = {
    "block": ((0.0, "6---------------"), (0.5, "7-----6---5-----")),
    "strum": _STRUM_RHYTHM,
    "arp": _ARP_RHYTHM,
    "bass": ((0.0, "R---------------"), (0.5, "R-----R-R-----5-")),
    "perc": ((0.0, "36:7.......5.......|41:....4.......4..."),),
}
_SINGLE: Final[dict[Style, str]] = {"bass": "bass", "drums": "kit", "tabla": "tabla", "melody": "lead", "raga": "lead"}
_LEADERS: Final = frozenset({"lead", "bass", "drums", "tabla"})
"""The roles that an instrument takes over rather than joins, by the seat that its style belongs to."""
_EFFECTS: Final = frozenset({"riser", "impact", "texture"})
_TUNED: Final = ("pad", "block", "strum", "arp", "ostinato", "drone", "melody", "raga", "bass", "counter")
"""Styles that can carry a bar alone, the best first."""


@dataclass(frozen=True, slots=True)
class Chair:
    """One instrument's place in the piece: its layer, and the bars in which it plays, by their index."""

    name: str
    instrument: str
    layer: Layer
    plays: tuple[bool, ...]


def choose_layers(brief: Brief, genre: Genre) -> list[Layer]:
    """The genre's layers, each left with the instruments that may play it, the chosen one first.

    Raises:
        ValueError: an instrument is unknown, both asked for and refused, or none is left that could play.
    """
    _check_names(brief)
    rng = chance(brief.seed, "band")
    layers: list[Layer] = []
    missing = list(dict.fromkeys(brief.include))
    taken: set[str] = set()
    for layer in genre.layers:
        offered = _ordered([name for name in layer.instruments if name not in brief.exclude], rng)
        asked = _asked(layer, missing, offered)
        free = [name for name in offered if name not in taken] or offered
        first = asked or (free[0] if free else None)
        if first is None:
            continue
        if asked:
            missing.remove(asked)
        taken.add(first)
        kept = replace(layer, instruments=(first, *(name for name in offered if name != first)))
        layers.append(replace(kept, enter=0.0, leave=1.01) if asked else kept)
    layers += [_added(name, genre, rng) for name in missing]
    if all(layer.style in _EFFECTS for layer in layers):
        raise ValueError("no instrument is left to play")
    return layers


def _asked(layer: Layer, missing: list[str], offered: list[str]) -> str | None:
    """The first instrument asked for that this layer's player can take up; there is one bass, one kit and one lead."""
    for name in missing:
        style = _FAMILIES[FAMILY[name]][0]
        seat = _SINGLE.get(style)
        if name in offered or (seat is not None and seat == _SINGLE.get(layer.style) and layer.role in _LEADERS):
            return name
    return None


def _check_names(brief: Brief) -> None:
    unknown = sorted({*brief.include, *brief.exclude} - set(FAMILY))
    if unknown:
        raise ValueError(f"no such instrument: {', '.join(unknown)}")
    both = sorted(set(brief.include) & set(brief.exclude))
    if both:
        raise ValueError(f"asked for and refused: {', '.join(both)}")


def _ordered(names: list[str], rng: random.Random) -> list[str]:
    """The alternatives with the chosen one first: the likeliest half of the time."""
    if len(names) > 1 and rng.random() > 0.5:
        turn = rng.randrange(1, len(names))
        return names[turn:] + names[:turn]
    return names


def _added(name: str, genre: Genre, rng: random.Random) -> Layer:
    """A layer for an instrument that the genre does not know; a second lead plays the slow second voice."""
    style, (low, high), _ = _FAMILIES[FAMILY[name]]
    if style in {"melody", "raga"} and genre.name != "indian":
        style = "counter"
    rhythm = _DEFAULT_RHYTHMS.get(style, ())
    pan = rng.choice((-0.3, 0.3)) if style not in {"drums", "bass"} else 0.0
    return Layer(name, style, (name,), gain_db=-8.0, pan=pan, room=0.3, low=low, high=high, patterns=rhythm)


def seat(piece: Piece, layers: list[Layer]) -> list[Chair]:
    """The chairs of the piece. The lead changes hands with the version, so that versions differ in colour too."""
    bars = piece.plan.bars
    masks = [[layer.enter <= bar.intensity < layer.leave for bar in bars] for layer in layers]
    _share_raga(layers, masks, piece)
    _hold_back(layers, masks, piece)
    _fill_silence(layers, masks)
    chairs: list[Chair] = []
    for layer, mask in zip(layers, masks, strict=True):
        for instrument, plays in _hands(piece, layer, mask):
            names = {chair.name for chair in chairs}
            name = layer.role if layer.role not in names else f"{layer.role}_{instrument}"
            chairs.append(Chair(name, instrument, layer, tuple(plays)))
    return chairs


def _share_raga(layers: list[Layer], masks: list[list[bool]], piece: Piece) -> None:
    """Two raga voices take turns, four bars each, where both would play."""
    voices = [mask for layer, mask in zip(layers, masks, strict=True) if layer.style == "raga"]
    if len(voices) < 2:
        return
    for index, bar in enumerate(piece.plan.bars):
        both = voices[0][index] and voices[1][index]
        if both and not bar.ending:
            second = bar.in_block // 4 % 2 == 1
            voices[0][index], voices[1][index] = not second, second


def _hold_back(layers: list[Layer], masks: list[list[bool]], piece: Piece) -> None:
    """A song's melody waits for the introduction to end."""
    for layer, mask in zip(layers, masks, strict=True):
        if layer.style == "melody" and layer.role == "lead":
            for index, bar in enumerate(piece.plan.bars):
                mask[index] &= bar.label != "intro"


def _fill_silence(layers: list[Layer], masks: list[list[bool]]) -> None:
    """Where nothing with a pitch would play, the first layer fit to carry the music does."""
    tuned = [index for index, layer in enumerate(layers) if layer.style in _TUNED]
    carrier = min(tuned, key=lambda index: _TUNED.index(layers[index].style)) if tuned else 0
    for bar in range(len(masks[0])):
        if not any(masks[index][bar] for index in tuned or range(len(layers))):
            masks[carrier][bar] = True


def _hands(piece: Piece, layer: Layer, mask: list[bool]) -> Iterator[tuple[str, list[bool]]]:
    """Who plays a layer, and in which bars: the lead of a version is the alternative of its number."""
    names = layer.instruments
    if layer.role != "lead" or len(names) == 1 or names[0] in piece.brief.include:
        yield names[0], mask
        return
    for turn, instrument in enumerate(names[:4]):
        own = [
            plays and piece.span(bar).version % len(names[:4]) == turn
            for plays, bar in zip(mask, piece.plan.bars, strict=True)
        ]
        if any(own):
            yield instrument, own


@dataclass(frozen=True, slots=True)
class Band:
    """What the players share: the piece, its theme, the kicks that the bass locks to, and the tala."""

    piece: Piece
    motif: melody.Motif
    kicks: dict[int, list[int]]
    tala: Tala


_Writer = Callable[[Band, Layer, list[bool]], list[Note]]
_WRITERS: Final[dict[Style, _Writer]] = {
    "drums": lambda band, _, plays: drums.write_drums(band.piece, plays),
    "tabla": lambda band, _, plays: drums.write_tabla(band.piece, plays, band.tala),
    "perc": lambda band, layer, plays: drums.write_percussion(band.piece, layer, plays),
    "bass": lambda band, layer, plays: bass.write_bass(band.piece, layer, plays, band.kicks),
    "melody": lambda band, layer, plays: melody.write_melody(band.piece, layer, plays, band.motif),
    "raga": lambda band, layer, plays: melody_raga.write_raga(band.piece, layer, plays, band.motif),
    "counter": lambda band, layer, plays: melody.write_counter(band.piece, layer, plays),
    "pad": lambda band, layer, plays: comping.write_pad(band.piece, layer, plays),
    "block": lambda band, layer, plays: comping.write_struck(band.piece, layer, plays),
    "strum": lambda band, layer, plays: comping.write_struck(band.piece, layer, plays),
    "arp": lambda band, layer, plays: comping.write_broken(band.piece, layer, plays),
    "ostinato": lambda band, layer, plays: comping.write_ostinato(band.piece, layer, plays),
    "drone": lambda band, layer, plays: comping.write_drone(band.piece, layer, plays),
    "texture": lambda band, _, plays: comping.write_texture(band.piece, plays),
    "riser": lambda band, _, _plays: comping.write_risers(band.piece),
    "impact": lambda band, layer, _: comping.write_impacts(band.piece, layer),
}


def fitted(layer: Layer, instrument: str) -> Layer:
    """The layer in the octave that suits the instrument, and within what it can play; a bass stays where it is."""
    low, high = _RANGES.get(instrument, (layer.low, layer.high))
    octaves = (0,) if layer.style == "bass" else (0, -12, 12, -24, 24)
    shift = min(octaves, key=lambda by: max(0, low - layer.low - by) + max(0, layer.high + by - high))
    return replace(layer, low=max(layer.low + shift, low), high=min(layer.high + shift, high))


def write_parts(piece: Piece, chairs: list[Chair], tala: Tala | None) -> list[Part]:
    """Every part on the grid. Those that turn out to have nothing to play are left out."""
    motif = melody.make_motif(piece.brief.seed, piece.plan.beats_per_bar)
    kit = next((chair for chair in chairs if chair.layer.style == "drums"), None)
    kicks = drums.kick_steps(piece, list(kit.plays)) if kit else {}
    band = Band(piece, motif, kicks, tala or TALAS["dadra" if piece.plan.beats_per_bar == 3 else "keherwa"])
    parts: list[Part] = []
    for chair in chairs:
        layer = fitted(chair.layer, chair.instrument)
        notes = _WRITERS[layer.style](band, layer, list(chair.plays))
        if not notes:
            continue
        rng = chance(piece.brief.seed, "touch", chair.name)
        loose = 0.0 if layer.style in _EFFECTS | {"pad", "drone"} else piece.genre.loose
        parts.append(
            Part(
                chair.name, chair.instrument, tuple(humanise(notes, rng, loose)), layer.gain_db, layer.pan, layer.room,
                layer.delay, layer.duck, _automation(piece, layer),
            )
        )  # fmt: skip
    return parts


def _automation(piece: Piece, layer: Layer) -> tuple[tuple[float, float], ...]:
    """Grid beats and gains in dB: held sounds swell through introductions and builds, and sink on the last bar."""
    if layer.style not in {"pad", "counter", "texture", "drone"}:
        return ()
    points: list[tuple[float, float]] = []
    for bar in piece.plan.bars:
        if bar.in_block == 0 and bar.label in {"build", "intro"} and bar.block_bars > 1:
            length = sum(one.beats for one in piece.plan.bars if (one.section, one.block) == (bar.section, bar.block))
            points += [(bar.start, 0.0), (bar.start + 0.01, -5.0), (bar.start + length, 0.0)]
        if bar.ending:
            points += [(bar.start, 0.0), (bar.start + bar.beats, -9.0)]
    return tuple((float(beat), gain_db) for beat, gain_db in points)
