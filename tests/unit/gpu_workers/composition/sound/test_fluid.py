import io
import shutil
from pathlib import Path

import numpy as np
import pytest

from gpu_workers.composition.score import Note
from gpu_workers.composition.sound import INSTRUMENTS, fluid, mixer, render
from tests.unit.gpu_workers.composition.sound import pieces

installed = pytest.mark.skipif(
    not fluid.available(), reason="needs fluidsynth and FluidR3_GM.sf2 (Debian: fluidsynth, fluid-soundfont-gm)"
)
RATE_HZ = 22050


def variable(stream: io.BytesIO) -> int:
    """A length of a MIDI file."""
    value = 0
    while (byte := stream.read(1)[0]) & 0x80:
        value = value << 7 | byte & 0x7F
    return value << 7 | byte


def events(song: bytes) -> list[tuple[int, bytes]]:
    """(tick, message) of the channel messages of a file with one track."""
    assert song[:14] == b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x03\xc0"
    assert int.from_bytes(song[18:22], "big") == len(song) - 22
    stream, tick = io.BytesIO(song[22:]), 0
    found: list[tuple[int, bytes]] = []
    while True:
        tick += variable(stream)
        status = stream.read(1)[0]
        if status == 0xFF:
            kind, length = stream.read(1)[0], variable(stream)
            stream.read(length)
            if kind == 0x2F:
                return found
        else:
            found.append((tick, bytes((status,)) + stream.read(1 if status >> 4 == 0xC else 2)))


def test_the_file_says_what_the_part_says() -> None:
    notes = (Note(0.0, 1.0, 60, 0.5), Note(1.0, 400.0, 64, 1.0))
    score = pieces.score([pieces.part("one", "piano", list(notes))], 300.0, tempo_bpm=60.0)
    song = fluid.midi(notes, fluid.PRESETS["piano"], "piano", mixer.stage(score, RATE_HZ))
    found = events(song)
    assert (0, bytes((0xC0, 0))) in found
    assert (0, bytes((0x90, 60, 64))) in found
    # 1,920 ticks a second, whatever the tempo; an end comes before a beginning at the same time.
    assert found[-3:] == [
        (1920, bytes((0x80, 60, 0))), (1920, bytes((0x90, 64, 127))), (401 * 1920, bytes((0x80, 64, 0))),
    ]  # fmt: skip


def test_drums_go_to_the_tenth_channel() -> None:
    notes = (Note(0.0, 1.0, 36, 0.5),)
    score = pieces.score([pieces.part("one", "kit_brush", list(notes))], 5.0)
    song = fluid.midi(notes, fluid.PRESETS["kit_brush"], "kit_brush", mixer.stage(score, RATE_HZ))
    assert events(song)[0] == (0, bytes((0xC9, 40)))
    assert (0, bytes((0x99, 36, 64))) in events(song)


def test_presets_are_of_our_instruments() -> None:
    assert set(fluid.PRESETS) < set(INSTRUMENTS)
    assert all(INSTRUMENTS[name].drum == preset.drums for name, preset in fluid.PRESETS.items())
    assert not fluid.plays("tabla")


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert not fluid.available()
    with pytest.raises(fluid.FluidError, match="not installed"):
        render(pieces.band(5.0), backend="fluid")
    with pytest.raises(fluid.FluidError, match="not installed"):
        fluid.played(b"", RATE_HZ)


def test_a_soundfont_may_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    font = tmp_path / "mine.sf2"
    font.write_bytes(b"")
    monkeypatch.setenv("SOUNDFONT", str(font))
    fluid.soundfont.cache_clear()
    try:
        assert fluid.soundfont() == font
    finally:
        fluid.soundfont.cache_clear()


@installed
def test_both_backends_play_the_same_notes() -> None:
    notes = [Note(1.0, 2.0, 69, 0.8)]
    parts = [pieces.part("keys", "piano", notes), pieces.part("drone", "tanpura", [Note(0.0, 6.0, 45, 0.6)])]
    heard = render(pieces.score(parts, 5.0), sample_rate_hz=RATE_HZ, backend="fluid")
    keys = heard.stems["keys"]
    assert keys.shape == (2, 5 * RATE_HZ)
    assert np.abs(keys[:, : round(0.49 * RATE_HZ)]).max() < 1e-3 * np.abs(keys).max()
    assert np.abs(keys[:, round(0.5 * RATE_HZ) : round(0.6 * RATE_HZ)]).max() > 0.3 * np.abs(keys).max()
    power = np.abs(np.fft.rfft(keys.mean(axis=0))) ** 2
    assert np.fft.rfftfreq(keys.shape[1], 1 / RATE_HZ)[power.argmax()] == pytest.approx(440.0, rel=0.01)
    assert heard.stems["drone"].any()
    assert heard.lufs == pytest.approx(-14.0, abs=0.2)
    assert heard.true_peak_dbtp < -1.0
    residue = heard.mix - sum(heard.stems.values())
    assert np.abs(residue).max() < 1e-6


@installed
@pytest.mark.slow
def test_a_band_through_fluidsynth() -> None:
    ours, theirs = (render(pieces.band(10.0, loop=True), backend=name) for name in ("own", "fluid"))
    assert theirs.mix.shape == ours.mix.shape
    assert theirs.lufs == pytest.approx(-14.0, abs=0.2)
    for name, stem in theirs.stems.items():
        apart_db = 20 * np.log10(stem.std() / ours.stems[name].std())
        assert abs(apart_db) < 9, name


@installed
def test_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "fluidsynth"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(program))
    with pytest.raises(fluid.FluidError, match="broken"):
        fluid.played(b"", RATE_HZ)
