"""An arrangement as a picture: a lane for each track, its clips with names and waveforms over bars and seconds.

Drawn by hand: the usual library for figures takes seconds for some hundreds of clips.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gpu_workers.audio.files import AudioFile
from gpu_workers.rendering.overview import Overviews
from patchbay.domain.arrangement import BAR_BEATS, Arrangement, Placement, Track, is_heard

WIDTH_PX = 1600
_LANE_PX, _LEAST_PX, _MOST_PX, _HEAD_PX, _FOOT_PX, _LEFT_PX, _RIGHT_PX = 74, 220, 2400, 80, 34, 170, 24
_PANEL_PX = WIDTH_PX - _LEFT_PX - _RIGHT_PX
_PAPER, _PANEL, _INK, _FAINT, _LINE, _BAR = "#12141a", "#191c24", "#e8eaf0", "#8d93a3", "#262a34", "#3c414d"
_COLOURS = ("#4f8fea", "#e0853d", "#4fb286", "#c95b83", "#9a7be0", "#d3b03f", "#45b3c4", "#d0604e")
_MUTED = "#5d6270"
_GROUND = 0.34
"""How much of its colour a clip's ground has."""
_NAMED_PX, _TWO_LINES_PX, _LABELLED_PX, _NAME_PX = 34, 40, 13, 17
_MOST_BARS, _MOST_SHOWN = 64, 6000
_STEPS_S, _MOST_TIMES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800), 14


def draw(
    arrangement: Arrangement,
    placed: Iterable[Placement],
    files: Mapping[str, AudioFile],
    range_s: tuple[float, float],
    path: Path,
    pulse: Callable[[], None] = lambda: None,
) -> None:
    """Write the picture of what lies in `range_s`, a PNG file 1600 pixels wide; what is not heard is grey.

    The same gives the same bytes. `pulse` is called several times a second.
    """
    sheet = _Sheet(arrangement, range_s)
    sheet.ground()
    overviews = Overviews(files, pulse)
    lanes = {track.id: number for number, track in enumerate(arrangement.tracks)}
    shown = 0
    for placement in placed:
        if shown < _MOST_SHOWN and placement.start_s < range_s[1] and placement.end_s > range_s[0]:
            shown += 1
            sheet.clip(placement, lanes[placement.track.id], overviews)
    for number, track in enumerate(arrangement.tracks):
        sheet.label(number, track)
    pulse()
    sheet.image.save(path, "PNG")


class _Sheet:
    """The picture as it comes about."""

    def __init__(self, arrangement: Arrangement, range_s: tuple[float, float]) -> None:
        self._arrangement, (self._begin_s, self._end_s) = arrangement, range_s
        self._px_per_s = _PANEL_PX / (self._end_s - self._begin_s)
        count = max(len(arrangement.tracks), 1)
        lane_px = min(_LANE_PX, (_MOST_PX - _HEAD_PX - _FOOT_PX) / count)
        self._height = max(round(_HEAD_PX + _FOOT_PX + lane_px * count), _LEAST_PX)
        self._lane_px = (self._height - _HEAD_PX - _FOOT_PX) / count
        self.image = Image.new("RGB", (WIDTH_PX, self._height), _PAPER)
        self._pen = ImageDraw.Draw(self.image)

    def ground(self) -> None:
        """Lanes, bars (every fourth stronger, with its number), seconds, and what there is to say of the whole."""
        bottom = self._height - _FOOT_PX
        self._pen.rectangle((_LEFT_PX, _HEAD_PX, WIDTH_PX - _RIGHT_PX, bottom), fill=_PANEL)
        bar_s, every = BAR_BEATS * self._arrangement.beat_s, 1
        while (self._end_s - self._begin_s) / (bar_s * every) > _MOST_BARS:
            every *= 2
        first, last = int(np.ceil(self._begin_s / bar_s / every)), int(self._end_s / bar_s / every)
        for number in range(first, last + 1):
            x, strong = self._x(number * every * bar_s), number % 4 == 0
            self._pen.line((x, _HEAD_PX, x, bottom), fill=_BAR if strong else _LINE)
            if (strong or last - first < 20) and x < WIDTH_PX - _RIGHT_PX - 20:
                self._pen.text((x + 3, _HEAD_PX - 4), str(number * every + 1), _FAINT, _font(13), anchor="ls")
        length_s = self._end_s - self._begin_s
        step_s = next((step for step in _STEPS_S if length_s <= _MOST_TIMES * step), _STEPS_S[-1])
        for number in range(int(np.ceil(self._begin_s / step_s)), int(self._end_s / step_s) + 1):
            x = min(self._x(number * step_s), WIDTH_PX - _RIGHT_PX - 12)
            self._pen.text((x, bottom + 18), _clock(number * step_s, step_s), _FAINT, _font(13), anchor="ms")
        for edge in range(len(self._arrangement.tracks) + 1):
            y = self._y(edge)
            self._pen.line((_LEFT_PX, y, WIDTH_PX - _RIGHT_PX, y), fill=_PAPER, width=2)
        self._title()

    def clip(self, placement: Placement, lane: int, overviews: Overviews) -> None:
        """One clip: its ground, waveform and name."""
        heard = is_heard(self._arrangement, placement.clip, placement.track)
        colour = _COLOURS[lane % len(_COLOURS)] if heard else _MUTED
        left, right = self._x(max(placement.start_s, self._begin_s)), self._x(min(placement.end_s, self._end_s))
        pad = 3 if self._lane_px > 20 else 1
        top, bottom = round(self._y(lane)) + pad, round(self._y(lane + 1)) - pad
        if bottom <= top:
            top, bottom = round(self._y(lane)), round(self._y(lane)) + 1
        self._pen.rectangle((left, top, max(right - 1, left), bottom), fill=_mixed(colour, _GROUND), outline=colour)
        named = self._lane_px >= _NAMED_PX
        self._wave(placement, (left, top + _NAME_PX * named, right, bottom), colour, overviews)
        if named:
            self._write(
                left + 5, top + 3, right - left - 8, _described(placement, heard=heard), _INK if heard else _FAINT
            )

    def _wave(self, placement: Placement, box: tuple[int, int, int, int], colour: str, overviews: Overviews) -> None:
        left, top, right, bottom = box
        middle, half = (top + bottom) / 2, (bottom - top) / 2 - 1
        if right - left < 2 or half < 1:
            return
        clip = placement.clip
        edges_s = self._begin_s + (np.arange(left, right + 1) - _LEFT_PX) / self._px_per_s - placement.start_s
        into = np.clip(edges_s / placement.whole_s, 0, 1)
        into = 1 - into if clip.reversed else into
        places_s = placement.cut_start_s + into * (placement.cut_end_s - placement.cut_start_s)
        heights = overviews.heights(
            clip.source, np.minimum(places_s[:-1], places_s[1:]), abs(places_s[1] - places_s[0])
        )
        heights *= half
        inside = np.abs(np.arange(top, bottom)[:, None] + 0.5 - middle) <= np.maximum(heights, 0.5)
        self.image.paste(colour, (left, top), Image.fromarray(inside.astype(np.uint8) * 255))

    def label(self, number: int, track: Track) -> None:
        """The track's name and what is set on it, to its left."""
        if self._lane_px < _LABELLED_PX:
            return
        middle, set_to = self._y(number + 0.5), _settings(track)
        both = bool(set_to) and self._lane_px >= _TWO_LINES_PX
        lines = [(track.name or track.id, 16, _INK, -9 if both else 0), (set_to, 12, _FAINT, 10)][: 1 + both]
        for text, size, colour, down in lines:
            font = _font(min(size, int(self._lane_px * 0.8)))
            self._pen.text(
                (_LEFT_PX - 12, middle + down), _fitting(text, _LEFT_PX - 24, font), colour, font, anchor="rm"
            )

    def _title(self) -> None:
        whole = self._arrangement
        clips, solo = sum(len(track.clips) for track in whole.tracks), whole.solo_track or whole.solo_clip
        facts = [
            f"{whole.tempo_bpm:.4g} bpm",
            f"{len(whole.tracks)} tracks",
            f"{clips} clips",
            f"{_clock(self._begin_s, 0.1)} to {_clock(self._end_s, 0.1)}",
        ]
        facts += [f"solo: {solo}"] if solo else []
        self._pen.text((_LEFT_PX, 30), "Arrangement", _INK, _font(26), anchor="lm")
        self._pen.text(
            (WIDTH_PX - _RIGHT_PX, 31), _fitting(" · ".join(facts), 1000, _font(16)), _INK, _font(16), anchor="rm"
        )

    def _write(self, x: float, y: float, room: float, text: str, colour: str) -> None:
        font = _font(13)
        if short := _fitting(text, room, font):
            self._pen.text((x, y), short, colour, font)

    def _x(self, at_s: float) -> int:
        return round(_LEFT_PX + (at_s - self._begin_s) * self._px_per_s)

    def _y(self, lane: float) -> float:
        return _HEAD_PX + lane * self._lane_px


def _described(placement: Placement, *, heard: bool) -> str:
    clip = placement.clip
    marks = (
        clip.source,
        f"{clip.semitones:+g} st" if clip.semitones else "",
        f"x{placement.speed:.3g}" if placement.speed != 1 else "",
        "reversed" if clip.reversed else "",
        "" if heard else "muted",
    )
    return " · ".join(mark for mark in marks if mark)


def _settings(track: Track) -> str:
    side = "L" if track.pan < 0 else "R"
    marks = (
        f"{20 * np.log10(track.volume):+.1f} dB" if track.volume not in (0, 1) else "",
        f"{side}{abs(track.pan) * 100:.0f}" if track.pan else "",
        "" if track.loop_every is None else f"loop {track.loop_every}",
        "muted" if track.muted else "",
    )
    return " · ".join(mark for mark in marks if mark)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has the letters of most alphabets, as matplotlib brings it."""
    package = find_spec("matplotlib")  # which is not imported: that takes half a second
    assert package is not None
    assert package.origin is not None
    return ImageFont.truetype(Path(package.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf", max(size, 6))


def _fitting(text: str, room: float, font: ImageFont.FreeTypeFont) -> str:
    """As much of `text` as fits into `room` pixels, on one line; nothing if that would be next to nothing."""
    text = " ".join(text.split())
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f"{text}…") > room:
        text = text[: -max(len(text) // 12, 1)]
    return f"{text.rstrip()}…" if len(text) > 1 else ""


def _mixed(colour: str, share: float) -> tuple[int, ...]:
    pairs = ((int(colour[k : k + 2], 16), int(_PANEL[k : k + 2], 16)) for k in (1, 3, 5))
    return tuple(round(own * share + ground * (1 - share)) for own, ground in pairs)


def _clock(at_s: float, step_s: float) -> str:
    minutes, seconds = divmod(max(at_s, 0.0), 60)
    return f"{int(minutes)}:{seconds:04.1f}" if step_s < 1 else f"{int(minutes)}:{round(seconds):02}"
