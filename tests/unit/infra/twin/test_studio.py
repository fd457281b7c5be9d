"""How the studio's bundle is served, and when it is made."""

import os
import sys
from pathlib import Path

import pytest

from infra.twin import studio_build
from infra.twin.front_door import FrontDoor
from infra.twin.studio import Studio
from infra.twin.studio_build import StudioBuild
from infra.twin.toolchain import MissingTool
from tests.unit.infra.twin.test_front_door import Exchange, RecordedUpstream, ask

PAGE, SCRIPT = "<!doctype html><title>Studio</title>", "let it = 'be'"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "assets" / "main-abc123.js").write_text(SCRIPT)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / ".hidden").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def upstream() -> RecordedUpstream:
    return RecordedUpstream()


@pytest.fixture
def door(dist: Path, upstream: RecordedUpstream) -> FrontDoor:
    return FrontDoor(upstream, 8484, "abc123", None, studio=Studio(dist, lambda: "It is <being> built."))


def headers(exchange: Exchange) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in exchange.sent[0]["headers"]}


@pytest.mark.parametrize("target", ["/", "", "/studio"])
async def test_the_first_address_leads_to_the_studio(door: FrontDoor, target: str) -> None:
    answer = await ask(door, "GET", target)
    assert (answer.status, headers(answer)["location"]) == (302, "/studio/")


@pytest.mark.parametrize(
    ("target", "text", "kind"),
    [
        ("/studio/", PAGE, "text/html; charset=utf-8"),
        ("/studio/index.html?v=1", PAGE, "text/html; charset=utf-8"),
        ("/studio/assets/main-abc123.js", SCRIPT, "text/javascript; charset=utf-8"),
        ("/studio/icon.svg", "<svg/>", "image/svg+xml"),
        ("/studio/track/01a1ffbc", PAGE, "text/html; charset=utf-8"),
        ("/studio/t%C3%A4g", PAGE, "text/html; charset=utf-8"),
    ],
)
async def test_files_and_the_addresses_of_pages(door: FrontDoor, target: str, text: str, kind: str) -> None:
    answer = await ask(door, "GET", target)
    assert (answer.status, answer.text, headers(answer)["content-type"]) == (200, text, kind)
    assert int(headers(answer)["content-length"]) == len(text.encode())


@pytest.mark.parametrize(
    "target",
    [
        "/studio/../secret.txt",
        "/studio/%2e%2e/secret.txt",
        "/studio/..%2fsecret.txt",
        "/studio/%2e%2e%2fsecret.txt",
        "/studio/..%5csecret.txt",
        "/studio/a/%2e%2e/../../secret.txt",
        "/studio//etc/passwd.txt",
        "/studio/%2fetc%2fhosts.txt",
        "/studio/link.txt",
        "/studio/.hidden",
        "/studio/.git/config",
        "/studio/%00",
        "/studio/%ff",
        "/studio/assets/gone-123.js",
        "/studio/assets/gone",
        "/studio/assets",
        "/studio/favicon.ico",
        "/studio/" + "a" * 300,
    ],
)
async def test_nothing_else_is_there(door: FrontDoor, upstream: RecordedUpstream, target: str) -> None:
    answer = await ask(door, "GET", target)
    assert answer.status == 404
    assert "secret" not in answer.text
    assert upstream.requests == []


async def test_what_is_named_by_its_contents_is_kept_and_the_rest_asked_for_again(door: FrontDoor) -> None:
    script, page = await ask(door, "GET", "/studio/assets/main-abc123.js"), await ask(door, "GET", "/studio/jobs")
    assert headers(script)["cache-control"] == "public, max-age=31536000, immutable"
    assert headers(page)["cache-control"] == "no-cache"


async def test_a_page_that_is_known_is_not_sent_again(door: FrontDoor, dist: Path) -> None:
    tag = headers(await ask(door, "GET", "/studio/"))["etag"]
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = await ask(door, "GET", "/studio/", {"if-none-match": given})
        assert (again.status, again.text, headers(again)["etag"]) == (304, "", tag)
        assert "content-length" not in headers(again)
    (dist / "index.html").write_text(PAGE + "new")
    changed = await ask(door, "GET", "/studio/", {"if-none-match": tag})
    assert (changed.status, changed.text) == (200, PAGE + "new")


async def test_other_methods(door: FrontDoor) -> None:
    head = await ask(door, "HEAD", "/studio/")
    assert (head.status, head.text, headers(head)["content-length"]) == (200, "", str(len(PAGE)))
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        refused = await ask(door, method, "/studio/")
        assert (refused.status, headers(refused)["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("target", ["/", "/studio/", "/studio/assets/main-abc123.js", "/studio/gone.js"])
async def test_a_page_lets_nothing_in_that_is_not_ours(door: FrontDoor, target: str) -> None:
    told = headers(await ask(door, "GET", target))
    policy = dict(part.split(" ", 1) for part in told["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'", "'none'")
    assert policy["script-src"] == policy["style-src"] == policy["worker-src"] == "'self'"
    assert "unsafe" not in told["content-security-policy"]
    assert told["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in told


async def test_the_api_is_where_it_was(door: FrontDoor, upstream: RecordedUpstream) -> None:
    for target in ("/studios", "/api/session", "/users/log-in"):
        assert (await ask(door, "GET", target)).text == "from upstream"
    assert len(upstream.requests) == 3


async def test_without_a_bundle_the_page_says_why(door: FrontDoor, dist: Path) -> None:
    (dist / "index.html").unlink()
    answer = await ask(door, "GET", "/studio/")
    assert answer.status == 503
    assert "It is &lt;being&gt; built." in answer.text
    assert headers(answer)["retry-after"] == "3"


class TestBuild:
    """`npm` is a script here that writes down what it is asked to do."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "infra" / "studio"
        (folder / "src").mkdir(parents=True)
        for name in ("index.html", "package.json", "package-lock.json", "src/main.ts"):
            (folder / name).write_text(name)
        return folder

    @pytest.fixture
    def build(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudioBuild:
        npm = tmp_path / "bin" / "npm"
        npm.parent.mkdir()
        npm.write_text(
            f"#!{sys.executable}\nimport pathlib, sys\n"
            "print('said:', *sys.argv[1:])\n"
            "if sys.argv[1] == 'ci':\n"
            "    pathlib.Path('node_modules').mkdir(exist_ok=True)\n"
            "    pathlib.Path('node_modules/.package-lock.json').write_text('{}')\n"
            "elif pathlib.Path('broken').exists():\n"
            "    sys.exit('src/main.ts: no')\n"
            "else:\n"
            "    pathlib.Path('dist').mkdir(exist_ok=True)\n"
            "    pathlib.Path('dist/index.html').write_text('made')\n"
        )
        npm.chmod(0o755)
        monkeypatch.setattr(studio_build, "find_node", lambda: npm.with_name("node"))
        return StudioBuild(folder, dict(os.environ), tmp_path / "studio.log")

    def said(self, build: StudioBuild) -> list[str]:
        log = build.dist.parents[2] / "studio.log"
        told = log.read_text().splitlines() if log.exists() else []
        return [line.removeprefix("said: ").split(" --")[0] for line in told if line.startswith("said: ")]

    async def test_a_missing_bundle_is_made_and_a_current_one_left(self, build: StudioBuild) -> None:
        assert not build.current()
        await build.run()
        assert build.current()
        await build.run()
        assert self.said(build) == ["ci", "run build"]

    async def test_a_newer_source_makes_it_anew_with_the_parts_that_are_there(
        self, build: StudioBuild, folder: Path
    ) -> None:
        await build.run()
        later = (build.dist / "index.html").stat().st_mtime + 10
        os.utime(folder / "src" / "main.ts", (later, later))
        assert not build.current()
        await build.run()
        assert self.said(build) == ["ci", "run build", "run build"]

    async def test_a_newer_lock_brings_other_parts(self, build: StudioBuild, folder: Path) -> None:
        await build.run()
        later = (build.dist / "index.html").stat().st_mtime + 10
        os.utime(folder / "package-lock.json", (later, later))
        await build.run()
        assert self.said(build) == ["ci", "run build", "ci", "run build"]

    async def test_a_failure_is_told_on_the_page(self, build: StudioBuild, folder: Path) -> None:
        (folder / "broken").touch()
        await build.run()
        assert "'npm run build' failed" in build.why_absent
        assert str(folder.parents[1] / "studio.log") in build.why_absent

    async def test_without_node_the_page_says_what_to_install(
        self, build: StudioBuild, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def nothing() -> Path:
            raise MissingTool("Node 22 or newer is needed")

        monkeypatch.setattr(studio_build, "find_node", nothing)
        await build.run()
        assert build.why_absent == "It could not be built. Node 22 or newer is needed"
