"""OpenAPI documents and the pages made of them."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from functions.entrypoints import openapi
from functions.http.openapi import text
from patchbay.catalog.dialects import DIALECTS
from tests.fakes.gateway import Api

NAMES = [entry.name for entry in DIALECTS]


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_document_is_what_the_code_says(name: str) -> None:
    stale = "run `python -m functions.entrypoints.openapi --write`"
    assert openapi.place(name).read_text() == text(openapi.dialect(name)), stale


def test_the_command_checks_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert openapi.main([]) == 0
    monkeypatch.setattr(openapi, "place", lambda name: tmp_path / f"{name}.json")
    assert openapi.main([]) == 1
    assert "run with --write" in capsys.readouterr().err
    assert openapi.main(["--write"]) == 0
    assert openapi.main([]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_each_served_path_is_routed_to_its_dialect(name: str) -> None:
    """API Gateway sends a path to the dialect with the longest beginning of it, which must be that of the route."""
    found = openapi.dialect(name)
    known = {path: entry.name for entry in DIALECTS for path in entry.paths}
    for base in found.bases:
        for route in found.router.routes:
            path = base + route.path  # type: ignore[attr-defined]
            under = [each for each in known if path == each or path.startswith(each + "/")]
            assert under, path
            assert known[max(under, key=len)] == name, path


@pytest.mark.parametrize("name", NAMES)
def test_the_document_is_served_to_anybody_and_holds_together(native: Api, name: str) -> None:
    answer = native.with_key(None).get(f"/openapi/{name}.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()
    assert told["openapi"].startswith("3.1")
    known = {f"#/components/schemas/{model}" for model in told["components"]["schemas"]}
    assert _references(told) <= known
    names = [op["operationId"] for methods in told["paths"].values() for op in methods.values()]
    assert len(names) == len(set(names))
    assert "HTTPValidationError" not in told["components"]["schemas"]


class Page(HTMLParser):
    """Collects what a browser would load, run or style."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", ["/docs", *(f"/docs/{name}" for name in NAMES)])
def test_a_page_works_under_its_strict_policy(native: Api, path: str) -> None:
    answer = native.with_key(None).get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    page = Page()
    page.feed(answer.text)
    assert page.open == [], "every tag is closed"
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"style", "src"}]
    links = [value or "" for name, value in page.attributes if name == "href"]
    assert all(link.startswith(("#", "/")) for link in links)
    for link in set(links):
        if link.startswith("#"):
            assert ("id", link[1:]) in page.attributes
        else:
            assert native.with_key(None).get(link).status == 200


def test_a_page_shows_every_operation(native: Api) -> None:
    for name in NAMES:
        page = native.get(f"/docs/{name}").text
        for path in native.get(f"/openapi/{name}.json").json()["paths"]:
            assert f"<code>{path}</code>" in page


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()
