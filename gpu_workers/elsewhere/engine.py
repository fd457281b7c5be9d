"""The engine that has a song separated elsewhere: it sends the song, waits, fetches the stems, and makes them fit.

What costs its owner money there happens once: the song is decoded here before it goes, so that nothing is sent that is
no audio, and whatever was begun is remembered by the errand, so that another try, here or on another worker, goes on
from there.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gpu_workers.audio.decode import decode
from gpu_workers.elsewhere.writing import sample_bits, write_all
from patchbay.catalog.vendors import LEFT_OVER
from patchbay.domain.errands import REST, Errand, FarState, SendAgain, StemsGone
from patchbay.domain.errors import (
    InvalidInput,
    NotConfigured,
    TaskCancelled,
    VendorFailed,
    VendorRefused,
)
from patchbay.domain.tasks import EngineOutput, EngineTask, ModelFiles

T = TypeVar("T")
INPUT = "input"
_DECODED, _SENT, _DONE, _FETCHED = 0.02, 0.15, 0.8, 0.98
"""Progress when each is through."""
_TURN_S = 0.2
_SENDS = 3
"""How often a song is sent by one try: what an earlier one sent may be gone, and what this one sent called off."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, seconds."""

    looks_s: tuple[float, ...] = (1.0, 2.0, 3.0, 5.0)
    """Between looks; the last for good. LALAL.AI takes 30 a minute (read in 2026)."""
    pauses_s: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
    """Before what failed is tried again; after the last the task is left to another try."""
    unknown_s: float = 60.0
    """How long a task may be one that they say nothing of."""


class ElsewhereEngine:
    """Params: `stems` (names; one of `LEFT_OVER` among them), `sample_format` (wav16, the default, wav24 or wav32f).

    Input: `input`. Outputs: one WAV file for each stem, by its name, as long as the input, at its sample rate.
    """

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()

    def load(self, model: ModelFiles) -> None:
        """Nothing to load."""

    def run(self, task: EngineTask) -> Sequence[EngineOutput]:
        """Have the input separated. Raises `InvalidInput`, `UnusableAudio`, `VendorRefused`, `VendorFailed`."""
        if task.errand is None:
            raise NotConfigured("this worker cannot send work elsewhere")
        stems, bits = _stems(task), sample_bits(task.params)
        source = next((item for item in task.inputs if item.name == INPUT), None)
        if source is None:
            raise InvalidInput("there is no input to separate", field=INPUT)
        raw = task.work_dir / "song.f32"
        work = _Work(task, task.errand, self._patience, stems)
        try:  # an earlier try may have begun it there, so that even now there may be something to call off
            song = decode(source.path, raw, heartbeat=lambda: task.progress(0.0))
            raw.unlink()  # its measures are all that is wanted of it
            fetched = work.fetch_all(work.finished(source.path))
            paths = _written(task.errand, lambda: write_all(fetched, song, task.work_dir, bits, work.fetched))
        except TaskCancelled:
            task.errand.call_off()
            raise
        task.progress(1.0)
        return [EngineOutput(name=name, path=paths[name], media_type="audio/wav") for name in stems]


class _Work:
    """One task's way there and back."""

    def __init__(self, task: EngineTask, errand: Errand, patience: Patience, stems: Sequence[str]) -> None:
        self._task, self._errand, self._patience = task, errand, patience
        self._stems = stems
        self._asked = tuple(stem for stem in stems if stem not in LEFT_OVER)
        self._at = 0.0

    def finished(self, path: Path) -> FarState:
        """The work, done there. Raises `VendorRefused`, `VendorFailed`."""
        self._go(_DECODED)
        for _ in range(_SENDS - 1):
            with suppress(SendAgain):
                return self._ordered(path)
        return self._ordered(path)

    def _ordered(self, path: Path) -> FarState:
        self._persist(lambda: self._errand.send(path, self._beat))
        self._go(_SENT)
        self._persist(lambda: self._errand.begin(self._asked))
        return self._awaited()

    def _awaited(self) -> FarState:
        unknown_since, looks = None, 0
        while True:
            far = self._persist(lambda: self._errand.look(self._asked, self._beat))
            if far.state == "done":
                self._go(_DONE)
                return far
            now = time.monotonic()
            unknown_since = (unknown_since or now) if far.state == "unknown" else None
            lost = unknown_since is not None and now - unknown_since >= self._patience.unknown_s
            if lost or far.state in {"failed", "cancelled"}:
                self._errand.forget()
                raise VendorRefused(_why(far))
            self._go(_SENT + (_DONE - _SENT) * far.fraction)
            self._wait(self._patience.looks_s[min(looks, len(self._patience.looks_s) - 1)])
            looks += 1

    def fetch_all(self, far: FarState) -> dict[str, list[Path]]:
        """Stem -> the files that add up to it. Raises `VendorFailed`, `VendorRefused`.

        Addresses have an end too: before the files are given up, fresh ones are asked for.
        """
        try:
            return self._fetched(far)
        except StemsGone:
            again = self._awaited()
        try:
            return self._fetched(again)
        except StemsGone:
            self._errand.forget()
            raise

    def _fetched(self, far: FarState) -> dict[str, list[Path]]:
        wanted = [(stem, url) for stem in self._stems for url in far.tracks[REST if stem in LEFT_OVER else stem]]
        fetched: dict[str, list[Path]] = {stem: [] for stem in self._stems}
        for number, (stem, url) in enumerate(wanted):
            path = self._task.work_dir / f"fetched-{number}"
            self._persist(lambda url=url, path=path: self._errand.fetch(url, path, self._beat))  # type: ignore[misc]
            fetched[stem].append(path)
            self._go(_DONE + (_FETCHED - _DONE) * (number + 1) / len(wanted) / 2)
        return fetched

    def fetched(self) -> None:
        """A sign of life, once all is here."""
        self._task.progress(_FETCHED)

    def _persist(self, call: Callable[[], T]) -> T:
        """What `call` gives, if need be after some tries."""
        for pause_s in self._patience.pauses_s:
            try:
                return call()
            except SendAgain:
                raise
            except VendorFailed:
                self._wait(pause_s)
        return call()

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            self._beat()
            time.sleep(min(left_s, _TURN_S))
        self._beat()

    def _go(self, fraction: float) -> None:
        self._at = max(self._at, fraction)
        self._beat()

    def _beat(self) -> None:
        self._task.progress(self._at)


def _stems(task: EngineTask) -> tuple[str, ...]:
    """The task's stems. Raises `InvalidInput`."""
    told = task.params.get("stems")
    names = tuple(told) if isinstance(told, list | tuple) else ()
    left = [name for name in names if name in LEFT_OVER]
    if len(left) != 1 or len(names) < 2 or len(set(names)) < len(names):
        raise InvalidInput(f"stems are two or more, each once, one of them of {', '.join(LEFT_OVER)}", field="stems")
    return names


def _written(errand: Errand, write: Callable[[], T]) -> T:
    """What `write` gives. Stems that are of no use are not gone back to: who orders again has new ones made."""
    try:
        return write()
    except VendorRefused:
        errand.forget()
        raise


def _why(far: FarState) -> str:
    if far.state == "failed":
        return f"LALAL.AI could not separate it: {far.reason}"
    if far.state == "cancelled":
        return "the separation was cancelled at LALAL.AI"
    told = f" ({far.reason})" if far.reason else ""
    return f"LALAL.AI does not know the separation any more{told}; order it again"


def create() -> ElsewhereEngine:
    """The engine, for the worker."""
    return ElsewhereEngine()
