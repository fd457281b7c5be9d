"""Pages made of OpenAPI documents: plain HTML and one style, no script, nothing from elsewhere."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Node = Mapping[str, Any]
_CODE = re.compile(r"`([^`]+)`")
_METHODS = ("get", "post", "put", "patch", "delete")

STYLE = """
:root{--ink:#1c1f24;--soft:#5b6470;--line:#e3e6ea;--back:#fff;--panel:#f6f7f9;--accent:#0b63ce;
--get:#0a7d4f;--post:#0b63ce;--delete:#b3261e;--put:#8a5a00;--patch:#8a5a00}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa4b0;--line:#2c333b;--back:#14171b;--panel:#1c2127;
--accent:#6cb0ff;--get:#4cc38a;--post:#6cb0ff;--delete:#ff8a80;--put:#e2b04a;--patch:#e2b04a}}
*{box-sizing:border-box}
body{margin:0;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);
background:var(--back);display:grid;grid-template-columns:17rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem;background:var(--panel);
border-right:1px solid var(--line);font-size:.9rem}
nav strong{display:block;font-size:1.05rem;margin-bottom:.75rem}
nav h2{font-size:.72rem;letter-spacing:.08em;text-transform:uppercase;color:var(--soft);margin:1.25rem 0 .3rem;
border:0;padding:0}
nav a{display:flex;gap:.5rem;padding:.2rem .4rem;border-radius:.35rem;color:inherit;text-decoration:none;
overflow-wrap:anywhere}
nav a:hover{background:var(--line)}
main{padding:2rem clamp(1rem,4vw,3.5rem) 5rem;max-width:62rem}
h1{margin:0 0 .25rem;font-size:2rem;line-height:1.2}
h2{margin:2.5rem 0 1rem;padding-bottom:.4rem;border-bottom:1px solid var(--line);font-size:1.3rem}
h3{margin:0 0 .4rem;font-size:1.02rem;display:flex;gap:.7rem;align-items:baseline;flex-wrap:wrap}
h4{margin:1.1rem 0 .35rem;font-size:.78rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft)}
a{color:var(--accent)}
code,pre{font:.87em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{background:var(--panel);padding:.1em .3em;border-radius:.25em;overflow-wrap:anywhere}
h3 code{background:none;padding:0;font-size:1rem}
pre{margin:.3rem 0;padding:.8rem 1rem;background:var(--panel);border:1px solid var(--line);border-radius:.5rem;
overflow:auto}
pre code{background:none;padding:0}
article{border:1px solid var(--line);border-radius:.7rem;padding:1.1rem 1.25rem;margin:0 0 1.1rem;
scroll-margin-top:1rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}
td,th{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:.8rem}
summary{cursor:pointer;color:var(--accent);margin-top:.6rem}
.m{font:700 .75rem ui-monospace,Menlo,Consolas,monospace;text-transform:uppercase;min-width:3.4rem}
.get{color:var(--get)}.post{color:var(--post)}.delete{color:var(--delete)}.put{color:var(--put)}.patch{color:var(--patch)}
.soft{color:var(--soft)}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto;border-right:0;
border-bottom:1px solid var(--line)}td,th{display:block;border:0;padding:.1rem 0}
tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}}
"""


def page(told: Node, name: str, others: Sequence[tuple[str, str]]) -> str:
    """The page of one document."""
    groups: dict[str, list[tuple[str, str, Node]]] = {}
    for path, methods in told["paths"].items():
        for method in _METHODS:
            if operation := methods.get(method):
                groups.setdefault((operation.get("tags") or ["Other"])[0], []).append((method, path, operation))
    links = "".join(_group_links(tag, operations) for tag, operations in groups.items())
    sections = "".join(_group(tag, operations, told) for tag, operations in groups.items())
    bases = ", ".join(f"<code>{escape(server['url'])}</code>" for server in told.get("servers", ()))
    intro = f"<h1>{_text(told['info']['title'])}</h1><p>{_text(told['info'].get('description', ''))}</p>"
    served = f"<p class=soft>Served under {bases}.</p>" if bases else ""
    whole = f'<p><a href="/openapi/{escape(name)}.json">OpenAPI document</a> for generators and tools</p>'
    body = f"{intro}{served}{whole}{_keys(told)}{sections}{_types(told)}"
    return _frame(told["info"]["title"], _nav(others, links), body)


def index(entries: Sequence[tuple[str, str, str]]) -> str:
    """The page that lists the documents."""
    rows = "".join(
        f'<article><h3><a href="/docs/{escape(name)}">{_text(title)}</a></h3><p>{_text(about)}</p></article>'
        for name, title, about in entries
    )
    others = [(name, title) for name, title, _ in entries]
    return _frame("Patchbay", _nav(others, ""), f"<h1>Patchbay</h1><p>One audio backend, several languages.</p>{rows}")


def _frame(title: str, nav: str, body: str) -> str:
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{escape(title)}</title>"
    whole = f"<head>{head}<style>{STYLE}</style></head><body>{nav}<main>{body}</main></body>"
    return f"<!doctype html><html lang=en>{whole}</html>"


def _nav(others: Sequence[tuple[str, str]], links: str) -> str:
    dialects = "".join(f'<a href="/docs/{escape(name)}">{escape(title)}</a>' for name, title in others)
    return f"<nav><strong>Patchbay</strong><h2>Dialects</h2>{dialects}{links}</nav>"


def _group_links(tag: str, operations: Sequence[tuple[str, str, Node]]) -> str:
    links = "".join(
        f'<a href="#{escape(op["operationId"])}"><span class="m {method}">{method}</span>{escape(path)}</a>'
        for method, path, op in operations
    )
    return f"<h2>{escape(tag)}</h2>{links}"


def _group(tag: str, operations: Sequence[tuple[str, str, Node]], told: Node) -> str:
    return f"<h2>{escape(tag)}</h2>" + "".join(_operation(method, path, op, told) for method, path, op in operations)


def _operation(method: str, path: str, op: Node, told: Node) -> str:
    title = f'<h3><span class="m {method}">{method}</span><code>{escape(path)}</code></h3>'
    free = " <span class=soft>No key needed.</span>" if op.get("security") == [] else ""
    about = f"<p>{_text(op.get('description') or op.get('summary', ''))}{free}</p>"
    parts = [title, about, _parameters(op), _request(op, told), _responses(op, told)]
    return f'<article id="{escape(op["operationId"])}">{"".join(parts)}</article>'


def _parameters(op: Node) -> str:
    rows = "".join(
        _row(given["name"], given["schema"], given.get("description", ""), needed=given.get("required", False))
        for given in op.get("parameters", ())
    )
    return f"<h4>Parameters</h4>{_table(rows)}" if rows else ""


def _request(op: Node, told: Node) -> str:
    schema = _schema_of(op.get("requestBody", {}))
    return f"<h4>Request body</h4>{_schema(schema, told)}" if schema else ""


def _responses(op: Node, told: Node) -> str:
    """What comes back: a success in full, an error by its type."""
    shown = []
    for status, response in sorted(op["responses"].items()):
        schema = _schema_of(response)
        label = f"<code>{escape(status)}</code> {_text(response['description'])}"
        if schema and status.startswith("2"):
            shown.append(f"<p>{label}</p>{_schema(schema, told)}")
        else:
            shown.append(f"<p>{label}{f': {_type(schema)}' if schema else ''}</p>")
    return "<h4>Answers</h4>" + "".join(shown)


def _types(told: Node) -> str:
    """Every named type, for the links to it."""
    schemas = told.get("components", {}).get("schemas", {})
    shown = "".join(
        f'<article id="type-{escape(name)}"><h3>{escape(name)}</h3>{_schema(schema, told)}</article>'
        for name, schema in schemas.items()
    )
    return f"<h2>Types</h2>{shown}" if shown else ""


def _keys(told: Node) -> str:
    ways = []
    for scheme in told.get("components", {}).get("securitySchemes", {}).values():
        bearer = scheme["type"] == "http"
        ways.append(
            "<code>Authorization: Bearer KEY</code>" if bearer else f"<code>{escape(scheme['name'])}: KEY</code>"
        )
    return f"<h2>Your key</h2><p>Send {' or '.join(ways)} with each request.</p>" if ways else ""


def _schema_of(holder: Node) -> Node | None:
    for content in holder.get("content", {}).values():
        schema: Node | None = content.get("schema")
        if schema:
            return schema
    return None


def _schema(schema: Node, told: Node) -> str:
    """A schema's fields; of a list, those of its items."""
    items = schema.get("items")
    target = _resolve(items if isinstance(items, Mapping) else schema, told)
    fields = target.get("properties")
    if not fields:
        return f"<p>{_type(schema)}</p>"
    needed = target.get("required", ())
    rows = "".join(
        _row(name, field, field.get("description", ""), needed=name in needed) for name, field in fields.items()
    )
    about = f"<p>{_text(target.get('description', ''))}</p>" if target.get("description") else ""
    many = "<p class=soft>A list of these:</p>" if isinstance(items, Mapping) else ""
    return many + about + _table(rows)


def _resolve(schema: Node, told: Node) -> Node:
    reference = schema.get("$ref")
    if not reference:
        return schema
    found: Node = told["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    return found


def _table(rows: str) -> str:
    return f"<table><tr><th>Name</th><th>Type</th><th>Meaning</th></tr>{rows}</table>"


def _row(name: str, schema: Node, about: str, *, needed: bool) -> str:
    notes = [_text(about)] if about else []
    if schema.get("default") not in (None, "", [], {}):
        notes.append(f"<span class=soft>Default <code>{escape(json.dumps(schema['default']))}</code>.</span>")
    if examples := schema.get("examples"):
        notes.append(f"<pre><code>{escape(json.dumps(examples[0], indent=2))}</code></pre>")
    star = " <span class=soft>required</span>" if needed else ""
    return f"<tr><td><code>{escape(name)}</code>{star}</td><td>{_type(schema)}</td><td>{' '.join(notes)}</td></tr>"


def _type(schema: Node) -> str:
    """A type in few words."""
    if reference := schema.get("$ref"):
        name = escape(reference.rsplit("/", 1)[-1])
        return f'<a href="#type-{name}">{name}</a>'
    if choices := schema.get("anyOf"):
        return " or ".join(_type(choice) for choice in choices)
    if values := schema.get("enum"):
        return ", ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values)
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_type(schema['additionalProperties'])}"
    return escape(str(kind))


def _text(text: str) -> str:
    """A sentence, with what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
