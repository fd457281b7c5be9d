"""`patchbay compose`: music from a prompt."""

from pathlib import Path
from typing import Annotated

import typer

from patchbay.cli import options, show


def compose(
    prompt: Annotated[
        str, typer.Argument(metavar="PROMPT", help="What it should be, such as 'a calm 90 second ambient track'.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the files go.")] = Path("music"),
    genre: Annotated[
        str,
        typer.Option(help="indian, pop, ambient, indie, rnb, cinematic, hiphop or electronic; goes before PROMPT."),
    ] = "",
    mood: Annotated[
        str, typer.Option(help="One, or several in order: 'calm, then energetic'; goes before PROMPT.")
    ] = "",
    duration: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Length; a minute if neither this nor PROMPT says.")
    ] = None,
    tempo: Annotated[
        str, typer.Option(metavar="TEMPO", help="slow, medium, fast, or beats per minute; goes before PROMPT.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="The same seed and words give the same music.")] = 0,
    stems: Annotated[bool, typer.Option("--stems", help="Also bass, chords, melody and percussion apart.")] = False,
    instruments: Annotated[
        bool, typer.Option("--instruments", help="Also each instrument apart, in instruments.zip.")
    ] = False,
    url: options.Url = "",
    key: options.Key = "",
    data: options.Data = options.DEFAULT_DATA,
    as_json: options.Json = False,
) -> None:
    """Compose music: the mix, MIDI, a piano roll and a description; stems if asked. Ctrl-C cancels the job."""
    from patchbay.cli.compose import compose as run
    from patchbay.cli.compose import wishes
    from patchbay.cli.connect import connect

    told = {"genre": genre, "mood": mood, "tempo": tempo}
    params = wishes(prompt, **told, duration_s=duration, seed=seed, stems=stems, instruments=instruments)
    with connect(url, key, data) as client:
        job, files = run(client, params, output, quiet=as_json)
    if as_json:
        show.as_json({"job": job, "files": {name: str(path) for name, path in files.items()}})
    else:
        for path in files.values():
            print(path)
