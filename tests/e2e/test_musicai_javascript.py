"""npm `@music.ai/sdk`, which PUTs its upload chunked and throws unless an answer is exactly 200."""

from pathlib import Path

import pytest
import soundfile

from tests.e2e.conftest import Live, run_node

pytestmark = pytest.mark.twin
STEMS = {"vocals", "drums", "bass", "other"}


@pytest.mark.usefixtures("npm_client")
@pytest.mark.parametrize("base", ["v1", "api"])
def test_the_javascript_client(live: Live, song: Path, tmp_path: Path, base: str) -> None:
    bad = tmp_path / "bad.mp3"
    bad.write_text("this is no music")
    answer = run_node(
        "musicai.mjs",
        {"NODE_EXTRA_CA_CERTS": live.ca},
        {
            "key": live.key,
            "endpoint": f"{live.base_url}/{base}",
            "song": str(song),
            "notAudio": str(bad),
            "folder": str(tmp_path / "out"),
        },
    )
    assert set(answer["application"]) == {"id", "name"}
    assert "stem-isolation-4" in [w.get("slug", w["id"]) for w in answer["workflows"]["workflows"]]
    job = answer["job"]
    assert (job["status"], job["name"]) == ("SUCCEEDED", "from JavaScript")
    assert job["metadata"] == {"user": 123, "client": "js"}
    assert set(job["result"]) == STEMS
    assert answer["files"] == sorted([f"{stem}.wav" for stem in STEMS] + ["result.music-ai.json"])
    for stem in STEMS:
        assert soundfile.info(tmp_path / "out" / f"{stem}.wav").frames == soundfile.info(song).frames
    assert job["id"] in answer["listed"]
    assert answer["deleted"]["id"] == job["id"]
    assert answer["afterDelete"]
    bad_job = answer["bad"]
    assert bad_job["status"] == "FAILED"
    assert bad_job["error"]["code"] == "BAD_INPUT"
    assert "audio" in bad_job["error"]["message"]
    assert "failed" in answer["badDownload"]
    assert "no-such-workflow" in answer["unknownWorkflow"]
    assert "colour" in answer["badParams"]
    assert answer["wrongKey"]
