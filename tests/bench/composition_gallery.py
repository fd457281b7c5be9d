"""`python -m tests.bench.composition_gallery`: eight pieces from eight prompts, as docs/gallery.md and its pictures.

All but the speeds come out the same each time. The sound stays out of the repository: `--audio DIR` writes it there.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_workers.audio.encode import write_wav
from gpu_workers.composition import pianoroll, theory
from gpu_workers.composition.groups import grouped
from gpu_workers.composition.midi import midi_bytes
from gpu_workers.composition.order import Order
from gpu_workers.composition.score import Brief, Chord, Score, Section
from patchbay.catalog import workflows
from patchbay.catalog.models import Shelf
from patchbay.cli.compose import wishes
from tests.bench import composition_pieces
from tests.bench.composition_measures import Heard, Sound, heard, made, measured, stems

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "gallery"
LARGEST_BYTES = 150_000

PROMPTS = {
    "indian": "70 seconds of Indian music for sitar, bansuri and tabla: calm at first, then joyful",
    "pop": "a one minute pop song, happy, with piano and a steel guitar, in D major",
    "ambient": "80 seconds of dreamy ambient music with harp and cello, slow",
    "indie": "a one minute indie track with acoustic guitar, first sad, then inspirational",
    "rnb": "a relaxing r&b groove of 64 seconds with electric piano, 84 bpm",
    "cinematic": "75 seconds of cinematic music: tense, then triumphant, with brass, choir and taiko",
    "hiphop": "a minute of lofi hip hop, calm, with vibraphone and vinyl, in F minor",
    "electronic": "72 seconds of electronic dance music: dreamy, then energetic, then calm",
}

_HEAD = """# Gallery of the composer

Eight prompts, and what `patchbay compose` makes of each. The figures are measured on the audio; what is "heard" was
found in it by Patchbay's own analysis, which knows nothing of the score. Everything here comes out the same each time,
apart from speeds, which are those of one core of the machine that made this page:

```sh
make gallery     # this page, its pictures, the table at its end
.venv/bin/python -m tests.bench.composition_gallery --quick --audio DIR     # not the table; the sound too
```

In the pictures every stem has a lane of its own. A section's box is filled as high as its energy, blue where it is sad,
orange where it is glad, red where it is tense. The stronger a note, the fuller its colour.
"""
_TABLE = "## Every combination"
_TABLE_HEAD = """each genre with each emotion at each tempo, but for what Beatoven's document blocks. `make bench`
makes them all again. In brackets is the piece that is worst in a figure."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A piece of the gallery."""

    prompt: str
    score: Score
    sound: Sound
    heard: Heard


def brief_of(prompt: str, seed: int) -> Brief:
    """The brief that the product makes of a prompt."""
    workflow = workflows.get("compose")
    (step,) = workflow.plan(workflow.parse(wishes(prompt, seed=seed)), Shelf(()))
    return Order.from_params(step.params).track


def exhibit(prompt: str, seed: int, audio: Path | None) -> Exhibit:
    """Compose, render, measure and draw the piece of a prompt; write it as WAV and MIDI where that is wanted."""
    score, done, took_s = made(brief_of(prompt, seed))
    picture = PICTURES / f"{score.genre}.png"
    pianoroll.draw(score, picture)
    if picture.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"{picture} has {picture.stat().st_size} bytes; at most {LARGEST_BYTES} are wanted")
    if audio:
        write_wav(audio / f"{score.genre}.wav", done.mix, done.sample_rate_hz, 24)
        (audio / f"{score.genre}.mid").write_bytes(midi_bytes(score))
        for name, stem in zip(grouped(score), stems(score, done), strict=True):
            write_wav(audio / f"{score.genre}-{name}.wav", stem, done.sample_rate_hz, 24)
    return Exhibit(prompt, score, measured(score, done, took_s), heard(score, done))


def page(exhibits: Sequence[Exhibit], table: str) -> str:
    """The whole page, `table` being its last part."""
    return "\n".join([_HEAD, *(_shown(one) for one in exhibits), table])


def table_of(rows: Sequence[dict[str, Any]]) -> str:
    """The last part of the page, of the rows of the benchmark."""
    pieces = rows[0]["name"].split(":")[0]
    lines = []
    for row in rows:
        found = f"{row['ours']:.4g} {row['unit']}".rstrip()
        lines.append(f"| {row['name'].removeprefix(f'{pieces}: ')} | {found} | {row['target'] or 'none'} |")
    return "\n".join([_TABLE, "", f"{pieces}: {_TABLE_HEAD}", "", "| | found | limit |", "|---|---|---|", *lines, ""])


def _shown(one: Exhibit) -> str:
    score, sound, found = one.score, one.sound, one.heard
    bars = len(score.bars)
    facts = {
        "written": f"{score.key}, {score.tempo_bpm:.4g} bpm, {bars} bars of {score.beats_per_bar}/4",
        "heard": f"{found.key}, {found.tempo_bpm:.4g} bpm, beats right: {100 * found.beats:.0f} % (F-measure, 70 ms)",
        "sections": "; ".join(_section(score, section) for section in score.sections),
        "chords": " &#124; ".join(" ".join(_symbols(score, section)) for section in score.sections),
        "parts": "; ".join(
            f"{name}: {', '.join(part.instrument for part in parts)}" for name, parts in grouped(score).items() if parts
        ),
        "level": f"{sound.lufs:.2f} LUFS, true peak {sound.true_peak_dbtp:.2f} dBTP",
        "stems": f"sum to the mix with {sound.residue_db:.0f} dB left; highest sample {sound.stem_peak:.2f}",
        "speed": f"{sound.duration_s / sound.took_s:.0f} times real time",
    }
    rows = [f"| {name} | {told} |" for name, told in facts.items()]
    return "\n".join([
        f"## {score.genre}", "", "```sh", f'patchbay compose "{one.prompt}" --seed {score.seed}', "```", "",
        f"![Piano roll: {score.genre}, {score.key}](gallery/{score.genre}.png)", "", "| | |", "|---|---|", *rows, "",
    ])  # fmt: skip


def _section(score: Score, section: Section) -> str:
    start, end = score.seconds(section.start_beats), score.seconds(section.start_beats + section.duration_beats)
    return f"{section.emotion} {_clock(start)} to {_clock(end)} ({section.key}, energy {section.energy:.2f})"


def _clock(at_s: float) -> str:
    return f"{round(at_s) // 60}:{round(at_s) % 60:02}"


def _symbols(score: Score, section: Section) -> list[str]:
    """The chords that begin in a section."""
    end = section.start_beats + section.duration_beats

    def inside(chord: Chord) -> bool:
        return section.start_beats - 1e-6 <= chord.start_beats < end - 1e-6

    names = theory.names_in(score.key)
    return [theory.chord_symbol(one.root, one.quality, one.bass, names) for one in score.chords if inside(one)]


def main() -> None:
    """Make the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="keep the table of all combinations as it is")
    parser.add_argument("--audio", type=Path, metavar="DIR", help="write the pieces there, as WAV and MIDI")
    wanted = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    if wanted.audio:
        wanted.audio.mkdir(parents=True, exist_ok=True)
    exhibits = [exhibit(prompt, seed, wanted.audio) for seed, prompt in enumerate(PROMPTS.values(), 1)]
    if wanted.quick:
        before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        table = before[before.index(_TABLE) :] if _TABLE in before else ""
    else:
        table = table_of(composition_pieces.rows())
    PAGE.write_text(page(exhibits, table), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)} and {len(exhibits)} pictures")


if __name__ == "__main__":
    main()
