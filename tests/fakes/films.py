"""A look at videos that believes what the test's bytes say."""

from collections.abc import Callable

from patchbay.domain.errors import UnusableAudio
from patchbay.domain.videos import FilmInfo

FILM = b"....ftypisom a film"
SECONDS = 20.0


class FakeFilmProber:
    """Everything that begins as `FILM` does is an MP4 of `seconds`. `before` is called once, amid a look."""

    def __init__(self, seconds: float | None = SECONDS) -> None:
        self.seconds = seconds
        self.probed = 0
        self.before: Callable[[], None] | None = None

    def probe(self, read: Callable[[int, int], bytes], size_bytes: int) -> FilmInfo:
        self.probed += 1
        head = read(0, 8)
        if hook := self.before:
            self.before = None
            hook()
        if head != FILM[:8]:
            raise UnusableAudio("it is no video")
        assert size_bytes >= len(FILM)
        return FilmInfo(
            container="mp4", codec="h264", width_px=1920, height_px=1080, duration_s=self.seconds, sounds=True
        )
