"""The demo: `python -m gpu_workers.demo [--song FILE] [--model NAME]`, or `make demo`.

A song goes through the whole product and comes back as stems with a picture of them. Without a song one is made whose
true stems are known, so that the separation can be measured.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from patchbay.cli.failures import CommandFailed, guarded

OURS = "patchbay-song"
SEED = 0
STEMS = 4
RATE_HZ = 44100


def main(arguments: list[str]) -> int:
    """Run the demo; returns the exit status."""
    given = _arguments().parse_args(arguments)
    # Ended from outside, it stops as by Ctrl-C: the job is cancelled, and a twin of its own leaves with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return guarded(lambda: _run(given), name="demo")


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gpu_workers.demo", description="Take a song through Patchbay.")
    parser.add_argument("--song", default="", help="any audio file; without it one is made")
    parser.add_argument("--model", default="", help="model that separates; the best one there if left out")
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder of the results")
    parser.add_argument("--port", type=int, default=8484, help="port of the twin, where one has to be started")
    parser.add_argument("--data", type=Path, default=Path(".patchbay"), help="folder of the twin")
    return parser


def _run(given: argparse.Namespace) -> int:
    from rich.console import Console

    from gpu_workers.demo.twin import running_twin
    from patchbay.cli.connect import connect
    from patchbay.cli.separate import separate

    console = Console(stderr=True)
    song = Path(given.song).expanduser() if given.song else None
    if song and not song.is_file():
        raise CommandFailed(f"there is no file {song}")
    folder = given.out / (_folder_name(song) if song else OURS)
    folder.mkdir(parents=True, exist_ok=True)
    if song is None:
        with console.status("Making a song ..."):
            song = _made(folder)
    starting = console.status("Starting the local twin (the first time takes a minute) ...")
    with starting, running_twin(given.data, given.port):
        starting.stop()
        began = time.monotonic()
        with connect("", "", given.data) as client:
            _, files = separate(client, song, folder, stems=STEMS, model=given.model)
        took_s = time.monotonic() - began
    with console.status("Drawing ..."):
        _report(song, folder, files, took_s)
    return 0


def _folder_name(song: Path) -> str:
    return "".join(c if c.isalnum() or c in " -_." else "_" for c in song.stem).strip(" .") or "song"


def _made(folder: Path) -> Path:
    """Our own song and its true stems, as WAV files; made once."""
    from gpu_workers.audio.encode import write_wav

    song, truth = folder / "song.wav", folder / "truth"
    if song.is_file():
        return song
    from gpu_workers.demo.song import make_song

    made = make_song(SEED)
    truth.mkdir(exist_ok=True)
    # The song last, and under its name only when whole: it says that everything is there.
    partial = folder / "song.wav.part"
    for path, sound in {**{truth / f"{n}.wav": x for n, x in made.stems.items()}, partial: made.mixture}.items():
        write_wav(path, sound.astype("float32"), made.sample_rate_hz)
    partial.replace(song)
    return song


def _report(song: Path, folder: Path, files: Mapping[str, Path], took_s: float) -> None:
    """Draw the picture, and print what came out."""
    from gpu_workers.audio.decode import decode
    from gpu_workers.demo.picture import draw
    from gpu_workers.demo.score import score

    with tempfile.TemporaryDirectory() as temporary:

        def opened(path: Path, name: str) -> Any:
            return decode(path, Path(temporary) / name, sample_rate_hz=RATE_HZ, channels=2)

        mixture = opened(song, "mixture")
        stems = {name: opened(path, name) for name, path in files.items()}
        known = sorted((folder / "truth").glob("*.wav")) if song.parent == folder else []
        truth = {path.stem: opened(path, f"true-{path.stem}") for path in known}
        scores = score(mixture, truth, stems) if truth else {}
        notes = {name: f"SI-SDR {s.gain_db:+.1f} dB" for name, s in scores.items()}
        name = "Patchbay's own song" if truth else song.stem
        draw({"mixture": mixture, **stems}, folder / "stems.png", title=f"{name}, separated", notes=notes)
        _print(folder, files, scores, took_s, mixture.duration_s)


def _print(folder: Path, files: Mapping[str, Path], scores: Mapping[str, Any], took_s: float, length_s: float) -> None:
    from rich.console import Console
    from rich.table import Table

    from gpu_workers.demo.score import mean_gain_db

    console = Console()
    if scores:
        table = Table("Stem", title="SI-SDR against the true stems, dB", title_justify="left", header_style="bold")
        for heading in ("Song as it is", "Separated", "Gain"):
            table.add_column(heading, justify="right")
        for name, s in scores.items():
            colour = "green" if s.gain_db > 0 else "red"
            table.add_row(name, f"{s.before_db:.1f}", f"{s.after_db:.1f}", f"[{colour}]{s.gain_db:+.1f}[/]")
        table.add_row("mean", "", "", f"{mean_gain_db(scores):+.1f}", style="bold")
        console.print(table)
        console.print("One synthetic song of ours: a check that all is connected, no promise for music at large.")
    console.print(f"{length_s:.0f} s of music separated in {took_s:.1f} s, upload and download included.")
    for path in (*files.values(), folder / "stems.png"):
        console.print(f"  {path}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
