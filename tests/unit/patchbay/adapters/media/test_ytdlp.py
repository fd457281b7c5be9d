"""The provider that runs yt-dlp: what it is told, and what it may answer."""

import json
import sys
from pathlib import Path

import pytest

from patchbay.adapters.media.ytdlp import YtDlp
from patchbay.domain.errors import NotConfigured, Unavailable
from patchbay.domain.songs import Facts

SONG = Facts(title="Blinding Lights\n--exec=rm\0\x1b", artist="-The Weeknd")


def program(tmp_path: Path, body: str) -> YtDlp:
    """A program in yt-dlp's place."""
    path = tmp_path / "yt-dlp.py"
    path.write_text(f"import json, os, sys\n{body}\n")
    return YtDlp((sys.executable, str(path)))


def test_the_address_that_it_names(tmp_path: Path) -> None:
    told = 'print(json.dumps({"entries": [{"url": "https://media.test/a.webm"}, {"url": "https://media.test/b"}]}))'
    assert program(tmp_path, told).find(SONG) == "https://media.test/a.webm"
    assert program(tmp_path, 'print(json.dumps({"url": "https://media.test/c"}))').find(SONG) == "https://media.test/c"


def test_a_song_is_sought_by_its_name_and_is_never_an_option(tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    told = "[sys.argv[1:], dict(os.environ), os.listdir(os.environ['HOME']), os.getcwd()]"
    body = f"open({str(seen)!r}, 'w').write(json.dumps({told})); print('{{}}')"
    assert program(tmp_path, body).find(SONG) is None
    arguments, names, at_home, where = json.loads(seen.read_text())
    assert arguments[-2:] == ["--", "ytsearch1:-The Weeknd Blinding Lights --exec=rm  "]
    assert (at_home, where, names["YTDLP_NO_PLUGINS"]) == ([], names["HOME"], "1")
    assert not Path(where).exists(), "it was for this call alone"
    assert "--ignore-config" in arguments
    assert not [name for name in names if name.startswith(("AWS_", "PATCHBAY_"))]


@pytest.mark.parametrize(
    "body",
    [
        "sys.exit(1)",
        "print('[]')",
        "print(json.dumps({'entries': []}))",
        "print(json.dumps({'url': 'file:///etc/passwd'}))",
        "print(json.dumps({'url': 5}))",
        "print(json.dumps({'entries': [5]}))",
    ],
)
def test_no_answer_is_no_audio(tmp_path: Path, body: str) -> None:
    assert program(tmp_path, body).find(SONG) is None


def test_an_answer_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        program(tmp_path, "print('no json')").find(SONG)


def test_where_it_is_not_installed_that_is_said() -> None:
    with pytest.raises(NotConfigured, match="not installed"):
        YtDlp(("no-such-program-here",)).find(SONG)
