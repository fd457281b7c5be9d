"""A service elsewhere, without a network: each stem is a share of the song."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import soundfile

from patchbay.domain.errands import REST, Beat, FarState

SHARES = {"vocals": 0.4, "drums": 0.2, "bass": 0.15, "piano": 0.05, "guitar": 0.1}


class FakeErrand:
    """`states`: what looks tell, one after the other, before it is done; `failing`: what calls raise first, by name."""

    def __init__(
        self, states: Sequence[FarState] = (), failing: Mapping[str, Sequence[Exception]] | None = None
    ) -> None:
        self.states = list(states)
        self.failing = {name: list(errors) for name, errors in (failing or {}).items()}
        self.said: list[str] = []
        self.song: Path | None = None
        self.stem: Callable[[Path], None] | None = None
        """What writes a stem's file, if it is not a share of the song."""

    def send(self, path: Path, beat: Beat) -> None:
        self._say("send")
        beat()
        self.song = path

    def begin(self, stems: Sequence[str]) -> None:
        self._say("begin")
        assert self.song is not None

    def look(self, stems: Sequence[str], beat: Beat) -> FarState:
        self._say("look")
        beat()
        if self.states:
            return self.states.pop(0)
        rest = 1.0 - sum(SHARES[stem] for stem in stems)
        # A guitar is two parts.
        parts = {stem: (f"{SHARES[stem] / 2}",) * 2 if stem == "guitar" else (f"{SHARES[stem]}",) for stem in stems}
        return FarState("done", 1.0, tracks={**parts, REST: (f"{rest}",)})

    def fetch(self, url: str, path: Path, beat: Beat) -> None:
        self._say("fetch")
        beat()
        if self.stem is not None:
            self.stem(path)
            return
        samples, rate_hz = soundfile.read(self.song, dtype="float32", always_2d=True)
        soundfile.write(path, samples * float(url), rate_hz, format="WAV", subtype="FLOAT")

    def forget(self) -> None:
        self._say("forget")

    def call_off(self) -> None:
        self._say("call_off")

    def _say(self, what: str) -> None:
        self.said.append(what)
        if self.failing.get(what):
            raise self.failing[what].pop(0)
