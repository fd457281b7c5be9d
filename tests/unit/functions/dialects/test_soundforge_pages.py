"""Pages that the server writes, and where they lead."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.dialects.soundforge.pages.forms import Field, Form
from functions.dialects.soundforge.pages.frame import page
from functions.dialects.soundforge.pages.markup import Html, fill, joined
from functions.dialects.soundforge.visits import local_path
from tests.support.browser import Page

HOME = "https://patchbay.example"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=80)
FORM = Form("f", "/x", "Go", (Field("a", "A", hint="Told."), Field("b", "B", "password")), method="put")


@given(TEXTS)
@example('"><script>alert(1)</script>')
@example("' onfocus='x")
@example("$text &amp; ${b}")
def test_what_is_put_in_comes_out_as_it_was_and_is_never_markup(text: str) -> None:
    field = '<form action="/" method="post"><input name="$name" type="text" value="$text"></form><p>$text</p>'
    found = Page(fill(field, name="n", text=text))
    assert [tag for tag, _ in found.tags] == ["form", "input", "p"]
    assert found.having("n") == {"name": "n", "type": "text", "value": text}
    assert "".join(found.texts) == text


def test_what_is_html_already_stays_it() -> None:
    assert fill("<b>$a</b>", a=Html("<i>x</i>")) == "<b><i>x</i></b>"
    assert joined([Html("<i>"), Html("</i>")]) == "<i></i>"
    with pytest.raises(KeyError):
        fill("$gone")


@given(TEXTS, TEXTS, TEXTS)
def test_a_form_keeps_what_was_typed_but_passwords(typed: str, fault: str, hidden: str) -> None:
    found = Page(FORM.html("token", {"a": typed, "b": typed}, {"a": fault}, back=hidden))
    (form,) = found.forms
    assert (form.action, form.method) == ("/x", "post")
    told = {"_csrf_token": "token", "_method": "put", "back": hidden, "a": typed, "b": ""}
    assert form.fields == {name: value for name, value in told.items() if value or name in {"a", "b"}}
    assert ("aria-invalid" in found.having("a")) is bool(fault)
    assert "aria-invalid" not in found.having("b")


@given(TEXTS, TEXTS)
def test_a_page_shows_what_it_is_told_as_text(title: str, notice: str) -> None:
    found = Page(page(title, Html(""), notice=notice))
    assert {tag for tag, _ in found.tags} <= {
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "header",
        "a",
        "img",
        "main",
        "h1",
        "p",
    }
    assert " ".join(notice.split()) in found.text
    assert {told["src"] for tag, told in found.tags if tag == "img"} == {"/studio/icon.svg"}
    assert [told["href"] for tag, told in found.tags if tag == "link"] == ["/studio/icon.svg"]


@given(st.text(max_size=40) | st.from_regex(r"[/\\]{0,3}[a-z.:@/\\%?#\t\n ]{0,20}", fullmatch=True))
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("/..//evil.example")
def test_no_path_leads_to_another_host(text: str) -> None:
    found = local_path(text)
    assert found in {text, "/studio/"}
    assert urlsplit(urljoin(HOME, found)).netloc == urlsplit(HOME).netloc
    assert not set(found) & set("\\\t\r\n")


@pytest.mark.parametrize("path", ["/", "/studio/track/1?a=b#c", "/users/settings", "/a//b"])
def test_our_own_paths_are_gone_to(path: str) -> None:
    assert local_path(path) == path
