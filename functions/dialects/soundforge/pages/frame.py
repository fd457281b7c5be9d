"""What all pages have: the frame, its looks, and the headers by which a browser lets nothing else in."""

import base64
import hashlib
from typing import Final

from functions.dialects.soundforge.pages.markup import NOTHING, Html, fill

_STYLE: Final = Html(
    """
:root{color-scheme:dark;--back:#0e1014;--panel:#161a21;--line:#2b323d;--text:#e6e9ee;--dim:#a3adbb;--accent:#f0a23a;
--bad:#ff9b8f;--good:#8fd6a4}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif}
header{border-bottom:1px solid var(--line);padding:12px 20px;display:flex;gap:20px;align-items:center}
header a{color:var(--dim);text-decoration:none}header a:hover{color:var(--text)}
header .name{color:var(--text);font-weight:600;letter-spacing:.02em;margin-right:auto}
header .name img{vertical-align:middle;margin-right:8px}
main{max-width:520px;margin:40px auto;padding:0 20px}
h1{font-size:22px;margin:0 0 20px}h2{font-size:16px;margin:0 0 16px}
form,.box{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:20px;margin:0 0 20px}
.box form{background:none;border:0;padding:0;margin:16px 0 0}
.field{margin:0 0 16px}
label{display:block;margin:0 0 4px}
input{width:100%;padding:8px 12px;min-height:40px;background:var(--back);color:var(--text);border:1px solid #6b7686;
border-radius:6px;font:inherit}
input[aria-invalid]{border-color:var(--bad)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
button,.button{display:inline-block;min-height:40px;padding:8px 16px;border:0;border-radius:6px;color:#17120a;
background:var(--accent);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
button.plain{background:none;border:1px solid #6b7686;color:var(--text);font-weight:400}
.hint{color:var(--dim);font-size:13px;margin:4px 0 0}
.bad{color:var(--bad);font-size:13px;margin:4px 0 0}
.notice{border:1px solid var(--line);border-left:3px solid var(--good);background:var(--panel);padding:12px 16px;
border-radius:6px;margin:0 0 20px}
.notice.wrong{border-left-color:var(--bad)}
p{margin:0 0 16px}p:last-child{margin-bottom:0}main a:not(.button){color:var(--accent)}
dl{display:grid;grid-template-columns:auto 1fr;gap:4px 16px;margin:0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:480px){main{margin:24px auto;padding:0 12px}form,.box{padding:16px}header{padding:12px;gap:16px}
dl{grid-template-columns:1fr;gap:0}dd{margin:0 0 8px}}
"""
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; img-src 'self'; style-src 'sha256-{_DIGEST}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "cookie",
}
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" type="image/svg+xml" href="/studio/icon.svg">
<title>$title - Patchbay</title><style>$style</style></head>
<body>
<header><a class="name" href="/studio/"><img src="/studio/icon.svg" alt="" width="24" height="24">Patchbay</a>
$links</header>
<main><h1>$title</h1>$notice$content</main>
</body></html>
"""
_OUTSIDE = Html('<a href="/users/log-in">Log in</a><a href="/users/register">Register</a>')
_INSIDE = Html('<a href="/studio/">Studio</a><a href="/docs">Docs</a><a href="/users/settings">Settings</a>')


def page(title: str, content: Html, *, notice: str = "", fault: str = "", inside: bool = False) -> Html:
    """A whole page. `notice` tells what was done, `fault` what could not be; `inside`: if somebody is logged in."""
    told = NOTHING
    if notice:
        told = fill('<p class="notice" role="status">$text</p>', text=notice)
    if fault:
        told = fill('<p class="notice wrong" role="alert">$text</p>', text=fault)
    links = _INSIDE if inside else _OUTSIDE
    return fill(_PAGE, title=title, style=_STYLE, links=links, notice=told, content=content)
