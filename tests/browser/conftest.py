"""A real browser on the twin: Debian's chromium, driven by Playwright."""

import base64
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from gpu_workers.demo.song import make_song
from gpu_workers.demo.synth import RATE_HZ
from tests.e2e.conftest import write_song
from tests.support.live import ROOT, Live

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
AXE = ROOT / "infra" / "studio" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "correct horse battery"
BUILD_S = 300
PATIENT_MS = 120_000
"""A loaded machine takes its time; what comes sooner is not waited for."""
PICTURES = "STUDIO_PICTURES"
_DROP = """({name, data}) => {
    const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))
    const transfer = new DataTransfer()
    transfer.items.add(new File([bytes], name, { type: "audio/wav" }))
    for (const type of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }))
}"""
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
WIDE, NARROW = (1440, 900), (390, 844)


def found_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Visitor:
    """Somebody in the studio."""

    context: BrowserContext
    page: Page
    base_url: str
    email: str
    complaints: list[str]
    """What the browser's console was told that should not be there."""

    def go(self, place: str) -> None:
        """To a page of the studio, or to a path."""
        self.page.goto(f"{self.base_url}{place if place.startswith('/') else f'/studio/#/{place}'}")

    def until(self, test: Callable[[], bool], what: str, longest_s: float = 120) -> None:
        ends = time.monotonic() + longest_s
        while not test():
            assert time.monotonic() < ends, f"{what} did not come in {longest_s:g} s"
            self.page.wait_for_timeout(100)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = found_browser()
    if path is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)} is on the path (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENT_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def studio(live: Live) -> Live:
    """The twin, once it has the studio's pages."""
    ends, last = time.monotonic() + BUILD_S, ""
    with httpx.Client(base_url=live.base_url, verify=live.tls, trust_env=False) as http:
        while time.monotonic() < ends:
            answer = http.get("/studio/")
            last = answer.text
            if answer.status_code == 200 and "/studio/assets/" in last:
                return live
            time.sleep(1)
    raise AssertionError(f"the studio's pages were not built in {BUILD_S} s: {last[:500]}")


@pytest.fixture(scope="package")
def visit(browser: Browser, studio: Live) -> Iterator[Callable[[str], Visitor]]:
    """Somebody new in the studio, registered by its form."""
    opened: list[BrowserContext] = []

    def make(name: str) -> Visitor:
        context = browser.new_context(
            ignore_https_errors=True, viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENT_MS)
        opened.append(context)
        page, complaints = context.new_page(), list[str]()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text) if "Security Policy" in told.text else None)
        email = f"{name}@studio.example.org"  # other tests of the twin have users of these names
        page.goto(f"{studio.base_url}/studio/")
        page.get_by_role("link", name="Register").click()
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Register").click()
        page.get_by_role("heading", name="Library").wait_for()
        return Visitor(context, page, studio.base_url, email, complaints)

    yield make
    for context in opened:
        context.close()


@pytest.fixture(scope="package")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds that have something for every stem; for pictures, half a minute that is worth looking at."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    if not os.environ.get(PICTURES):
        return write_song(path, seconds=6.0)
    soundfile.write(path, make_song().mixture.T, RATE_HZ, "PCM_16")
    return path


@pytest.fixture(scope="package")
def ada(visit: Callable[[str], Visitor]) -> Visitor:
    return visit("ada")


@pytest.fixture(scope="package")
def grace(visit: Callable[[str], Visitor]) -> Visitor:
    return visit("grace")


@pytest.fixture(scope="package")
def mix(ada: Visitor, song: Path) -> str:
    """A song that was dropped and taken apart. Returns the job."""
    page = ada.page
    ada.go("jobs")  # files may be dropped on every page
    page.get_by_role("heading", name="Jobs").wait_for()
    page.evaluate(_DROP, {"name": "Night Drive.wav", "data": base64.b64encode(song.read_bytes()).decode()})
    page.get_by_role("link", name="Night Drive.wav").wait_for(timeout=400_000)
    page.get_by_role("button", name="Dismiss Night Drive.wav").click()
    page.get_by_role("link", name="Night Drive", exact=True).click()
    page.get_by_role("button", name="Separate", exact=True).click()
    page.locator("input[name=model][value=patchbay-classic]").check()
    page.get_by_role("dialog").get_by_role("button", name="Separate").click()
    job = page.locator("li.separation").first
    shown: list[float] = []

    def over() -> bool:
        value = job.evaluate(
            "(row) => row.querySelector('progress')?.value ?? null"
        )  # at one moment: it may go any time
        if value is not None:
            shown.append(float(value))
        return job.get_attribute("data-state") == "succeeded"

    job.wait_for()
    ada.until(over, "the end of the separation", 400)
    assert shown, "no progress was shown"
    assert shown == sorted(shown), "progress went back"
    return str(job.get_attribute("data-job"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: to the documents, if the environment says so."""
    folder = ROOT / "docs" / "studio" if os.environ.get(PICTURES) else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    return folder
