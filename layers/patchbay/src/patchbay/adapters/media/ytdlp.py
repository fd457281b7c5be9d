"""The provider `yt-dlp`: asks that program where a song's audio is. Off unless the operator names it.

What it finds is somebody's upload to a public site; copying that is against most sites' terms, and without a licence
against most countries' law. It is for operators who know that they may: of their own uploads, say.
"""

import json
import os
import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from patchbay.domain.errors import NotConfigured, Unavailable
from patchbay.domain.songs import Facts

_WALL_S = 25.0
_MOST_BYTES = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class YtDlp:
    """Runs the program as a child, without this process's credentials; it names an address, and fetches nothing."""

    command: Sequence[str] = ("yt-dlp",)
    name: str = "yt-dlp"

    def find(self, facts: Facts) -> str | None:
        """See `AudioProvider`. Raises `NotConfigured` where the program is not installed, `Unavailable`."""
        if shutil.which(self.command[0]) is None:
            raise NotConfigured("the provider yt-dlp is switched on, but that program is not installed here")
        sought = _printed(f"ytsearch1:{facts.artist} {facts.title}")
        options = ["--ignore-config", "--no-playlist", "--format", "bestaudio", "--dump-single-json", "--", sought]
        path = os.environ.get("PATH", os.defpath)
        try:
            # A home of its own: it would run plugins that lie in one, and anybody can write to a shared one.
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
                done = subprocess.run(
                    [*self.command, *options],
                    capture_output=True,
                    timeout=_WALL_S,
                    cwd=home,
                    env={"PATH": path, "HOME": home, "YTDLP_NO_PLUGINS": "1"},
                    check=False,
                )
            told = json.loads(done.stdout[:_MOST_BYTES]) if done.returncode == 0 else {}
        except (subprocess.TimeoutExpired, ValueError):
            raise Unavailable("yt-dlp gave no answer that can be used; try again later") from None
        entries = told.get("entries") if isinstance(told, dict) else None
        found = entries[0] if isinstance(entries, list) and entries else told
        url = found.get("url") if isinstance(found, dict) else None
        return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None


def _printed(text: str) -> str:
    """A text with spaces in the place of control characters, surrogates and the like."""
    return "".join(" " if unicodedata.category(char).startswith("C") else char for char in text)
