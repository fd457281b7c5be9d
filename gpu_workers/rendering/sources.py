"""The sources of an arrangement, decoded at the rate of the mix, and their tempi."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gpu_workers.audio.decode_batch import decode_batch
from gpu_workers.audio.files import AudioFile
from gpu_workers.audio.mono import Head, mono_blocks
from gpu_workers.audio.rhythm.counting import rhythm
from gpu_workers.audio.spectra import Spectra
from gpu_workers.rendering.workers import Crew, cores
from patchbay.domain.arrangement import TEMPO_SYNC, Arrangement, Clip, Track, is_heard
from patchbay.domain.errors import UnusableAudio

MAX_TOGETHER_S = 12 * 3600.0
"""Of all sources, each counted once."""
_TEMPO_S = 300.0
"""What a tempo is estimated on: the beginning."""


class Sources:
    """Decoded uploads by the names of the sources. The same upload under two names is decoded once."""

    def __init__(self, files: Mapping[str, AudioFile]) -> None:
        self.files = files

    @property
    def durations_s(self) -> dict[str, float]:
        """Length of each source that is used."""
        return {name: file.duration_s for name, file in self.files.items()}


def first_use(arrangement: Arrangement) -> dict[str, tuple[Clip, Track]]:
    """Of each source that any clip is cut from, the first that is: what errors name. Muted clips count for length."""
    found: dict[str, tuple[Clip, Track]] = {}
    for track in arrangement.tracks:
        for clip in track.clips:
            found.setdefault(clip.source, (clip, track))
    return found


def place_of(clip: Clip, track: Track) -> str:
    """How errors name a clip."""
    return f"clip {clip.id!r} of track {track.name or track.id!r}"


def decode_sources(
    arrangement: Arrangement, uploads: Mapping[str, Path], rate_hz: int, folder: Path, progress: Callable[[float], None]
) -> Sources:
    """Decode what clips are cut from, as many at once as there are cores.

    Raises `UnusableAudio` with the clip and the track where an upload is none, or all are too long together.
    """
    used = first_use(arrangement)
    progress(0.0)
    by_content: dict[str, list[str]] = {}
    for name in used:
        by_content.setdefault(_content(uploads[name]), []).append(name)
        progress(0.0)

    def work(contents: tuple[str, ...], heartbeat: Callable[[], None]) -> dict[str, AudioFile]:
        targets = {folder / f"{content}.f32": uploads[by_content[content][0]] for content in contents}
        done: dict[str, AudioFile] = {}
        try:
            for file in decode_batch(targets, rate_hz, heartbeat=heartbeat):
                done[contents[len(done)]] = file
        except UnusableAudio as error:
            at_fault = by_content[contents[len(done)]][0]
            raise UnusableAudio(f"{place_of(*used[at_fault])}: {error}") from None
        return done

    def told(_: int) -> None:
        progress(sum((folder / f"{content}.f32").exists() for content in by_content) / (len(by_content) + 1))

    files: dict[str, AudioFile] = {}
    together_s = 0.0
    for contents, made in Crew(work).run(_shares(by_content, uploads), told):
        together_s += sum(file.duration_s for file in made.values())
        if together_s > MAX_TOGETHER_S:
            place = place_of(*used[by_content[contents[-1]][0]])
            raise UnusableAudio(f"{place}: the sources are longer than {MAX_TOGETHER_S / 3600:g} hours together.")
        files |= {name: file for content, file in made.items() for name in by_content[content]}
    progress(1.0)
    return Sources({name: files[name] for name in used})


def _shares(by_content: Mapping[str, list[str]], uploads: Mapping[str, Path]) -> list[tuple[str, ...]]:
    """Contents shared out among the cores, about as many bytes to each."""
    shares: list[list[str]] = [[] for _ in range(cores())]
    loads = [0] * len(shares)
    bytes_of = {content: uploads[names[0]].stat().st_size for content, names in by_content.items()}
    for content in sorted(by_content, key=lambda content: (-bytes_of[content], content)):
        least = loads.index(min(loads))
        shares[least].append(content)
        loads[least] += bytes_of[content] + 1
    return [tuple(share) for share in shares if share]


def tempi(arrangement: Arrangement, sources: Sources, progress: Callable[[], None]) -> dict[str, float]:
    """Tempo of each source that a clip in tempo-sync is cut from: as given, or estimated.

    Raises `UnusableAudio` with the clip and the track where there is no tempo to find and the clip is to be heard.
    """
    found = arrangement.tempi
    heard: dict[Path, float | None] = {}
    for clip, track in _synced(arrangement):
        if clip.source in found:
            continue
        file = sources.files[clip.source]
        if file.path not in heard:
            heard[file.path] = estimate_tempo(file, progress)
        tempo_bpm = heard[file.path]
        if tempo_bpm is not None:
            found[clip.source] = tempo_bpm
        elif is_heard(arrangement, clip, track):
            raise UnusableAudio(
                f"{place_of(clip, track)}: no tempo is found in its source to sync; give the source's tempo_bpm, "
                "or the clip a speed."
            )
    return found


def estimate_tempo(file: AudioFile, pulse: Callable[[], None]) -> float | None:
    """Tempo in beats a minute; None where nothing keeps time. `pulse` is called several times a second."""
    head = Head(min(file.duration_s, _TEMPO_S))
    beginning = AudioFile(
        file.path, file.sample_rate_hz, file.channels, min(file.frames, round(_TEMPO_S * file.sample_rate_hz))
    )
    for block in mono_blocks(beginning, lambda _: pulse()):
        head.add(block)
    return rhythm(Spectra(head.samples, pulse)).tempo_bpm


def _synced(arrangement: Arrangement) -> Iterable[tuple[Clip, Track]]:
    return ((clip, track) for track in arrangement.tracks for clip in track.clips if clip.speed == TEMPO_SYNC)


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
