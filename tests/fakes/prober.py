"""A look at audio that believes what the test's bytes say."""

from collections.abc import Callable
from pathlib import Path

from patchbay.domain.assets import AudioInfo
from patchbay.domain.errors import UnusableAudio

GOOD = b"RIFF fake audio"
SECONDS = 12.5


class FakeProber:
    """Everything that begins as `GOOD` does is a stereo WAV of `seconds`. `before` is called once, before a look."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.probed = 0
        self.before: Callable[[Path], None] | None = None

    def probe(self, path: Path) -> AudioInfo:
        self.probed += 1
        if hook := self.before:
            self.before = None
            hook(path)
        if not path.read_bytes().startswith(GOOD[:4]):
            raise UnusableAudio("this is no audio file")
        return AudioInfo(
            media_type="audio/wav",
            container="wav",
            codec="pcm_s16le",
            duration_s=self.seconds,
            sample_rate_hz=44100,
            channels=2,
        )
