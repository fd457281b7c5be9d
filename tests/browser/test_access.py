"""Everybody can use the studio's pages: axe finds no serious fault, wide or narrow; and their pictures for the docs."""

import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import AXE, NARROW, PICTURES, WIDE, Visitor
from tests.support.live import Live

pytestmark = [pytest.mark.twin, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1500)]
LARGEST_BYTES = 300_000


@pytest.fixture(scope="package")
def places(ada: Visitor, mix: str) -> dict[str, str]:
    """Page -> where it is, each with something on it."""
    page = ada.page
    ada.go("library")
    track = page.get_by_role("link", name="Night Drive", exact=True).get_attribute("href") or ""
    page.goto(f"{ada.base_url}/studio/{track}")
    page.get_by_role("button", name="Find chords and form").click()
    page.get_by_role("group", name="Chords").wait_for(timeout=400_000)
    ada.go("compose")
    page.get_by_role("button", name="By hand").click()
    page.get_by_label("Length").fill("20" if os.environ.get(PICTURES) else "10")
    page.get_by_label("Versions").fill("3" if os.environ.get(PICTURES) else "1")
    page.get_by_role("button", name="Compose", exact=True).click()
    page.locator("img.roll").first.wait_for(timeout=300_000)
    ada.go("keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("What it is for").fill("studio laptop")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("dialog", name="Key for studio laptop").get_by_role("button", name="Close").click()
    return {
        "library": "library",
        "track": track.removeprefix("#/"),
        "mixer": f"mix/{mix}",
        "compose": "compose",
        "jobs": "jobs",
        "keys": "keys",
        "settings": "/users/settings",
    }


def ready(visitor: Visitor, name: str) -> None:
    """Wait for what a page is about."""
    marks = {
        "library": ".songs .open",
        "track": ".timeline .lane.chords button",
        "mixer": ".desk .play",
        "compose": "img.roll",
        "jobs": ".all-jobs tbody tr",
        "keys": ".keys tbody tr",
        "settings": "form",
    }
    visitor.page.locator(marks[name]).first.wait_for()
    visitor.page.locator(".waiting").first.wait_for(state="detached")
    if os.environ.get(PICTURES):
        visitor.page.wait_for_timeout(2000)  # pictures of sound are drawn after the words


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ["library", "track", "mixer", "compose", "jobs", "keys", "settings"])
def test_no_serious_fault(
    ada: Visitor,
    places: dict[str, str],
    pictures: Path,
    name: str,
    size: tuple[int, int],
) -> None:
    page = ada.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    ada.go(places[name])
    ready(ada, name)
    assert faults_of(ada, "document") == []
    wide = page.evaluate("document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth")
    assert wide <= 0, "the page is wider than the screen"
    path = pictures / f"{name}{'' if size == WIDE else '-phone'}.png"
    shoot(ada, path)
    assert path.stat().st_size < LARGEST_BYTES


def faults_of(visitor: Visitor, what: str) -> list[tuple[str, str, list[str]]]:
    """What axe finds serious in an element, given as a script that finds it."""
    page = visitor.page
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run({what}, {{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }})")
    assert found["passes"], "axe looked at nothing"
    return [
        (fault["id"], fault["impact"], [node["html"][:200] for node in fault["nodes"]])
        for fault in found["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


def shoot(visitor: Visitor, path: Path) -> None:
    """A screenshot, in 256 colours where it would be large."""
    visitor.page.screenshot(path=path)
    if path.stat().st_size >= LARGEST_BYTES:
        Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


DIALOGS = [
    ("library", "Delete", "Delete 1 song?"),
    ("library", "Separate", "Separate into stems"),
    ("track", "Delete", "Delete this song?"),
    ("jobs", "Night Drive", "Night Drive"),
    ("keys", "New key", "New key"),
    ("keys", "Rotate studio laptop", "Rotate studio laptop?"),
    ("keys", "Revoke studio laptop", "Revoke studio laptop?"),
    ("keys", "New webhook", "New webhook"),
]
"""Page, the button that opens a dialog, and how the dialog is called."""


def test_dialogs_keep_the_focus_and_give_it_back(ada: Visitor, places: dict[str, str]) -> None:
    page, at = ada.page, ""
    for place, opener, title in DIALOGS:
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        if place != at:
            ada.go(places[place])
            ready(ada, place)
            at = place
            if place == "library":
                page.get_by_label("Choose Night Drive", exact=True).check()
        button = page.get_by_role("button", name=opener, exact=True).first
        button.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name=title)
        dialog.locator("footer").wait_for()
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.matches('body, dialog, dialog *')"), (
                f"{title} lets go of the focus"
            )
        assert faults_of(ada, "document.querySelector('dialog')") == []
        for width, height in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": height})
            out = page.evaluate(
                "document.querySelector('dialog').scrollWidth - document.querySelector('dialog').clientWidth"
            )
            assert out <= 0, f"{title} is wider than itself at {width} px"
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        expect(button).to_be_focused()


def test_all_can_be_done_by_keyboard(ada: Visitor, mix: str) -> None:
    page = ada.page
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    ada.go(f"mix/{mix}")
    page.locator(".desk .play").wait_for()
    page.locator("main").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Solo Drums")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("s")
    page.keyboard.press("?")
    overlay = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(overlay).to_contain_text("Solo the chosen stem")
    page.keyboard.press("Escape")
    expect(overlay).to_have_count(0)
    page.keyboard.press("1")
    page.get_by_role("heading", name="Library").wait_for()
    page.keyboard.press("/")
    expect(page.get_by_label("Search the library")).to_be_focused()


def test_a_visitor_is_asked_in(browser: Browser, studio: Live) -> None:
    """Who has no session sees where to get one, and comes back to where they wanted."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(f"{studio.base_url}/studio/#/jobs")
    link = page.get_by_role("link", name="Log in")
    assert "return_to=%2Fstudio%2F%23%2Fjobs" in (link.get_attribute("href") or "")
    context.close()
