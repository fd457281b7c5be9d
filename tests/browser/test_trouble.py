"""What goes wrong in a studio: wrong files, lost connections, sessions that end. People are told, and lose nothing."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Request, Route, WebSocketRoute, expect

from tests.browser.conftest import PASSWORD, Visitor

pytestmark = [pytest.mark.twin, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]
GIB = 1024**3
PART_BYTES = 64 * 1024**2
_CALL = """async ([method, path, body]) => {
    const { csrfToken } = (await (await fetch("/api/session")).json()).data
    const headers = { "content-type": "application/json", "x-csrf-token": csrfToken }
    const answer = await fetch(`/patchbay/v1/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return await answer.json()
}"""


def choose(visitor: Visitor, path: Path) -> None:
    visitor.page.get_by_label("Choose audio files").set_input_files(path)


def sparse(path: Path, size_bytes: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size_bytes)
    return path


def test_files_that_cannot_be_used_are_told_of(grace: Visitor, tmp_path: Path) -> None:
    grace.go("library")
    cases = {
        "letter.txt": (b"dear", "not an audio file"),
        "nothing.wav": (b"", "empty"),
        "broken.wav": (b"RIFF" + bytes(5000), "cannot be used"),
    }
    for name, (data, _) in cases.items():
        (tmp_path / name).write_bytes(data)
        choose(grace, tmp_path / name)
    for name, (_, words) in cases.items():
        row = grace.page.locator(".uploads li", has_text=name)
        expect(row.get_by_role("alert")).to_contain_text(words, timeout=400_000)
        row.get_by_role("button", name=f"Dismiss {name}").click()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(grace: Visitor, tmp_path: Path) -> None:
    grace.go("library")
    choose(grace, sparse(tmp_path / "album.wav", 6 * GIB))
    row = grace.page.locator(".uploads li", has_text="album.wav")
    expect(row.get_by_role("alert")).to_contain_text("6.44 GB is more than can be taken here")
    row.get_by_role("button", name="Dismiss album.wav").click()


def test_an_upload_goes_on_where_the_connection_broke(grace: Visitor, tmp_path: Path) -> None:
    """Even after the page was left: what had arrived is not sent again."""
    page, path = grace.page, sparse(tmp_path / "long.wav", PART_BYTES + 1000)
    network = grace.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setBlockedURLs", {"urls": ["*partNumber=2&*"]})
    arrived: list[str] = []
    page.on("requestfinished", lambda done: arrived.append(part) if (part := part_of(done)) else None)
    page.on("dialog", lambda asked: asked.accept())
    grace.go("library")
    choose(grace, path)
    row = page.locator(".uploads li", has_text="long.wav")
    expect(row).to_contain_text("Connection lost at 100 %. It goes on by itself")
    page.reload()
    choose(grace, path)
    expect(row).to_contain_text("Connection lost at 100 %. It goes on by itself")
    network.send("Network.setBlockedURLs", {"urls": []})
    # It arrives in whole; that these bytes are no audio is found when they are looked at.
    expect(row.get_by_role("alert")).to_contain_text("cannot be used", timeout=400_000)
    assert arrived == ["1", "2"]
    row.get_by_role("button", name="Dismiss long.wav").click()


def part_of(request: Request) -> str | None:
    """Which part of an upload a request sends."""
    return parse_qs(urlsplit(request.url).query).get("partNumber", [None])[0] if request.method == "PUT" else None


def test_a_forged_page_token_is_told_of_and_nothing_is_lost(grace: Visitor) -> None:
    page = grace.page
    grace.go("compose")
    prompt = page.get_by_label("What you would like to hear")
    prompt.fill("slow strings")
    page.route(
        "**/patchbay/v1/jobs",
        lambda route: route.continue_(headers={**route.request.headers, "x-csrf-token": "forged"}),
    )
    page.get_by_role("button", name="Compose", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("page")
    expect(prompt).to_have_value("slow strings")
    page.unroute("**/patchbay/v1/jobs")
    told = page.evaluate("fetch('/patchbay/v1/jobs?workflow=generate').then((answer) => answer.json())")
    assert told["jobs"] == []


def test_a_session_that_ends_at_work_is_taken_up_again(grace: Visitor) -> None:
    page = grace.page
    grace.go("compose")
    prompt = page.get_by_label("What you would like to hear")
    prompt.fill("calm piano")
    page.get_by_label("Length").fill("10")
    page.get_by_label("Versions").fill("1")
    grace.context.clear_cookies()
    page.get_by_role("button", name="Compose", exact=True).click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_label("Password").fill("a wrong one, surely")
    dialog.get_by_role("button", name="Log in").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in").click()
    expect(dialog).to_have_count(0)
    expect(prompt).to_have_value("calm piano")
    expect(page.get_by_role("article").filter(has_text="calm piano")).to_have_count(1)


def test_a_lost_connection_is_told_of_and_waited_out(grace: Visitor) -> None:
    page = grace.page
    grace.go("library")
    page.get_by_label("Search the library").wait_for()
    grace.context.set_offline(True)
    page.get_by_label("Search the library").fill("nothing of that name")
    expect(page.get_by_text("The connection is lost")).to_be_visible()
    grace.context.set_offline(False)
    expect(page.get_by_text("The connection is lost")).to_have_count(0)
    expect(page.get_by_text('Nothing matches "nothing of that name"')).to_be_visible()


def test_a_socket_that_is_lost_is_opened_again_and_a_job_that_is_gone_is_told_of(grace: Visitor) -> None:
    """The first socket breaks as soon as a job is watched by it. What the test before has ordered goes on meanwhile."""
    page, sockets = grace.page, list[WebSocketRoute]()

    def between(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        server, first = socket.connect_to_server(), len(sockets) == 1

        def passed_on(told: str | bytes) -> None:
            if first and b"phx_join" in (told if isinstance(told, bytes) else told.encode()):
                socket.close(code=1001)
            else:
                server.send(told)

        socket.on_message(passed_on)

    page.route_web_socket("**/socket/**", between)
    order = {"workflow": "compose", "params": {"duration_s": 180}, "name": "A long one"}
    long = page.evaluate(_CALL, ["POST", "jobs", order])["id"]

    def at_work(route: Route) -> None:
        """As it is while it is there: however quick the machine, and though a job is cancelled before it is deleted."""
        if route.request.method != "GET":
            return route.fallback()
        answer = route.fetch()
        told = answer.json()
        for job in told.get("jobs", [told]):
            if job.get("id") == long:
                job["state"] = "started"
        return route.fulfill(response=answer, json=told)

    page.route(re.compile(rf"/patchbay/v1/jobs(/{long})?(\?|$)"), at_work)
    grace.go("compose")
    page.reload()
    grace.until(lambda: len(sockets) > 1, "a second socket")
    page.get_by_role("article").filter(has_text="calm piano").get_by_role("button", name="Play").wait_for()
    page.evaluate(_CALL, ["DELETE", f"jobs/{long}", None])
    sockets[-1].close(code=1001)
    expect(page.get_by_role("article").filter(has_text="A long one")).to_contain_text("This job was deleted")
    page.unroute_all()
