"""A browser at the pages: it keeps cookies, reads forms, and sends them as they are, with what is typed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit

from functions.http import cookies
from tests.fakes.gateway import Answer, Api

NOTICE = "__Host-patchbay-notice"


@dataclass
class PageForm:
    """A form as a page has it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Page(HTMLParser):
    """What tests look at in a page. Every attribute and text is as a browser would have it, escapes undone."""

    source: str

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PageForm] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append((tag, told))
        if tag == "form":
            self.forms.append(PageForm(told["action"] or "", told["method"] or ""))
        if tag == "input":
            self.forms[-1].fields[told["name"] or ""] = told["value"] or ""

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def having(self, name: str) -> dict[str, str | None]:
        """The attributes of the input of that name."""
        return next(told for tag, told in self.tags if tag == "input" and told["name"] == name)


class Browser:
    """One browser. `answer` is the last one; redirections are followed only if asked for."""

    def __init__(self, api: Api) -> None:
        self.api = api.with_key(None)
        self.cookies: dict[str, str] = {}

    @property
    def secret(self) -> str:
        return self.cookies.get(cookies.NAME, "")

    def call(self, method: str, target: str, body: bytes = b"", /, **headers: str) -> Answer:
        path, query = urlsplit(target).path, parse_qsl(urlsplit(target).query)
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.api.call(method, path, query=query, headers=headers, body=body)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            assert name.startswith("__Host-")
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def get(self, target: str, **headers: str) -> Answer:
        return self.call("GET", target, **headers)

    def page(self, target: str) -> Page:
        answer = self.get(target)
        assert answer.status == 200, answer.text
        assert answer.headers["content-type"].startswith("text/html")
        return Page(answer.text)

    def post(self, target: str, fields: dict[str, str], method: str = "POST", **headers: str) -> Answer:
        told = {"content_type": "application/x-www-form-urlencoded", **headers}
        return self.call(method, target, urlencode(fields, errors="surrogatepass").encode(), **told)

    def fill(self, target: str, form: int = 0, **typed: str) -> Answer:
        """Open a page and send one of its forms."""
        found = self.page(target).forms[form]
        return self.post(found.action, {**found.fields, **typed})

    def register(self, email: str, password: str, user_name: str) -> Answer:
        return self.fill("/users/register", email=email, password=password, user_name=user_name)

    def log_in(self, email: str, password: str) -> Answer:
        return self.fill("/users/log-in", email=email, password=password)
