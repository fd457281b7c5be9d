"""The studio as a person uses it: register, drop a song, watch it being taken apart, mix, export."""

import io
import json
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.support.live import Live

pytestmark = [pytest.mark.twin, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1500)]
Samples = npt.NDArray[np.float64]
IN_SYNC_S = 0.020
EXPORT = "/api/daw/export"
STEMS = ("vocals", "drums", "bass", "other")
MIX = {"vocals": (0.5, 0.0), "drums": (0.8, -0.5), "bass": (0.0, 0.0), "other": (1.0, 0.4)}
"""(volume, pan) that the test sets; the bass is muted."""
_WHERE = """async () => {
    // Where in its stem each channel is, by what its analyser hears over the seam of two pieces: the place where both
    // agree best. Pieces are a second long.
    const { mixer } = window.studio
    const rate = mixer.context.sampleRate
    for (const ends = performance.now() + 5000; performance.now() < ends; ) {
        if (mixer.now % 1 > 0.008 && mixer.now % 1 < 0.04) break
        await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const heard = mixer.stems.map((_, index) => mixer.meter(index).latest())
    const about = Math.round(mixer.now * rate)
    return heard.map((frames, index) => {
        const first = Math.max(about - 14000, 0)
        const stem = new Float32Array(16000 + frames.length)
        mixer.stems[index].read(0, first, stem)
        let best = { at: -1, apart: Infinity }
        for (let at = 0; at < 16000; at++) {
            let apart = 0
            for (let n = 0; n < frames.length && apart < best.apart; n += 3)
                apart += (frames[n] - stem[at + n]) ** 2
            if (apart < best.apart) best = { at, apart }
        }
        const power = frames.reduce((sum, frame) => sum + frame * frame, 0) / 3
        return { at_s: (first + best.at) / rate, unlike: best.apart / (power + 1e-12) }
    })
}"""

_ORDER = """async (order) => {
    const { csrfToken } = (await (await fetch("/api/session")).json()).data
    const headers = { "content-type": "application/json", "x-csrf-token": csrfToken }
    return (await fetch("/patchbay/v1/jobs", { method: "POST", headers, body: JSON.stringify(order) })).status
}"""


def desk(ada: Visitor, mix: str) -> None:
    """The mixer, with all at its beginning."""
    ada.page.evaluate("localStorage.clear()")
    ada.go(f"mix/{mix}")
    ada.page.reload()
    ada.page.get_by_role("button", name="Play").wait_for()


def stems_of(live: Live, ada: Visitor, mix: str) -> dict[str, Samples]:
    """Every stem (frames, 2) as it is stored."""
    job = ada.page.evaluate(f"fetch('/patchbay/v1/jobs/{mix}').then((answer) => answer.json())")
    read: dict[str, Samples] = {}
    for output in job["outputs"]:
        data = httpx.get(output["url"], verify=live.tls, trust_env=False).content
        read[output["name"]], _ = soundfile.read(io.BytesIO(data), always_2d=True)
    return read


def mixed(stems: dict[str, Samples], levels: dict[str, tuple[float, float]]) -> Samples:
    """By the rendering rules: volume, then a balance that turns one side down."""
    total = np.zeros_like(next(iter(stems.values())))
    for name, (volume, pan) in levels.items():
        total += volume * stems[name] * np.array([min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)])
    return total


def exported(ada: Visitor) -> tuple[Samples, int]:
    with ada.page.expect_download(timeout=400_000) as begun:
        ada.page.get_by_role("button", name="Export mix").click()
    path = begun.value.path()
    assert soundfile.info(str(path)).subtype == "PCM_24"
    sound, rate_hz = soundfile.read(str(path), always_2d=True)
    return sound, rate_hz


def test_stems_play_together(ada: Visitor, mix: str) -> None:
    desk(ada, mix)
    page = ada.page
    page.keyboard.press("l")  # around and around: however late the look at it is, something sounds
    page.get_by_role("button", name="Play").click()
    heard: list[float] = []

    def most_are_heard() -> bool:
        places: list[dict[str, Any]] = page.evaluate(_WHERE)
        heard[:] = [place["at_s"] for place in places if place["unlike"] < 0.01]
        return len(heard) >= 3

    ada.until(most_are_heard, "the sound of three stems")
    assert max(heard) - min(heard) < IN_SYNC_S
    assert page.evaluate("window.studio.mixer.graph()")["sources"] == len(STEMS)
    page.keyboard.press("Space")
    assert page.evaluate("window.studio.mixer.isPlaying") is False
    assert page.evaluate("window.studio.mixer.now") > 0
    page.keyboard.press("Home")
    assert page.evaluate("window.studio.mixer.now") == 0


def test_the_export_is_the_mix_as_heard(live: Live, ada: Visitor, mix: str) -> None:
    desk(ada, mix)
    page, stems = ada.page, stems_of(live, ada, mix)
    assert set(stems) == set(STEMS)
    for name, (volume, pan) in MIX.items():
        page.get_by_label(f"Volume of {name.title()}").fill(str(volume or 1))
        page.get_by_label(f"Pan of {name.title()}").fill(str(pan))
    page.get_by_role("button", name="Mute Bass").click()
    wanted_gains = [
        pytest.approx((volume * min(1, 1 - pan), volume * min(1, 1 + pan)), abs=1e-3)
        for volume, pan in (MIX[stem] for stem in STEMS)
    ]
    ada.until(lambda: page.evaluate("window.studio.mixer.graph().gains") == wanted_gains, "the gains that were set")
    sizes: list[int] = []
    page.on("request", lambda asked: sizes.append(len(asked.post_data or "")) if EXPORT in asked.url else None)
    sound, _ = exported(ada)
    assert max(sizes) < 4096, "the stems are mixed where they are"
    expect(page.get_by_role("link", name="Night Drive (Mix).wav")).to_be_visible()
    wanted = mixed(stems, MIX)
    assert sound.shape == wanted.shape
    assert np.abs(sound - wanted).max() < 2**-22
    page.get_by_role("button", name="Solo Vocals").click()
    alone, _ = exported(ada)
    assert np.abs(alone - mixed(stems, {"vocals": MIX["vocals"]})).max() < 2**-22
    assert np.abs(alone - sound).max() > 0.01


def test_only_the_loop_is_exported(live: Live, ada: Visitor, mix: str) -> None:
    desk(ada, mix)
    page = ada.page
    page.evaluate("window.studio.mixer.seek(1.5)")
    page.keyboard.press("l")
    loop = page.evaluate("window.studio.mixer.loop")
    with page.expect_download(timeout=400_000) as begun:
        page.get_by_role("button", name="Export loop").click()
    sound, rate_hz = soundfile.read(str(begun.value.path()), always_2d=True)
    assert loop["start"] == pytest.approx(1.5, abs=0.01)
    assert len(sound) / rate_hz == pytest.approx(loop["end"] - loop["start"], abs=0.002)


def test_music_in_one_piece_is_separated(ada: Visitor, mix: str) -> None:
    """As a neural model makes it; what comes with its stems needs no separation."""
    page = ada.page
    ordered = page.evaluate(_ORDER, {"workflow": "generate", "params": {"duration_s": 10}, "name": "One piece"})
    assert ordered == 200
    ada.go("compose")
    piece = page.get_by_role("article").filter(has_text="One piece")
    piece.get_by_role("button", name="Separate into stems").click(timeout=400_000)
    expect(piece.get_by_role("link", name="Open in the mixer")).to_be_visible(timeout=400_000)
    expect(piece.get_by_role("link", name="Mix the stems")).to_have_count(0)
    ada.go("jobs")
    row = page.locator(".all-jobs tbody tr").filter(has_text="Generate").filter(has_text="One piece")
    row.get_by_role("button", name="One piece").click()
    page.get_by_role("dialog", name="One piece").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete this job?").get_by_role("button", name="Delete the job").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_have_count(0)


def test_what_another_person_has_stays_theirs(grace: Visitor, ada: Visitor, mix: str) -> None:
    ada.go("library")
    track = ada.page.get_by_role("link", name="Night Drive", exact=True).get_attribute("href") or ""
    grace.go(track.removeprefix("#/"))
    expect(grace.page.get_by_role("alert")).to_contain_text("There is no sample")
    grace.go(f"mix/{mix}")
    expect(grace.page.get_by_role("alert")).to_contain_text("There is no job")
    expect(grace.page.get_by_role("button", name="Play")).to_have_count(0)
    told = grace.page.evaluate(f"fetch('/patchbay/v1/jobs/{mix}').then((answer) => answer.status)")
    assert told == 404


def test_the_browser_has_nothing_to_complain_of(ada: Visitor, mix: str) -> None:
    assert json.dumps(ada.complaints) == "[]"
