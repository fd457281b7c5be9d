"""Nothing in the tree is a secret, or looks so like one that somebody has to ask."""

import re
import subprocess
from pathlib import Path

import pytest

FORMS = {
    "key of AWS": r"(?<![A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}",
    "token of GitHub": r"(?<!\w)(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{50,})",
    "key of Stripe": r"(?<!\w)[sr]k_live_[A-Za-z0-9]{20,}",
    "token of Slack": r"(?<!\w)xox[abprs]-[A-Za-z0-9-]{20,}",
    "key of Google": r"(?<!\w)AIza[A-Za-z0-9_-]{35}",
    "token of Hugging Face": r"(?<!\w)hf_[A-Za-z0-9]{30,}",
    "token of npm or PyPI": r"(?<!\w)(npm_[A-Za-z0-9]{36}|pypi-AgEIcHlwaS5vcmc[\w-]{50,})",
    "token by JWT": r"(?<!\w)eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "password in an address": r"(?<!\w)[a-z][a-z0-9+]{2,}://[^\s/:@\"'{}<>]+:[^\s/:@\"'{}<>]{6,}@(?!(\w+\.)*(example|test|invalid)\b)",
    "signing secret": r"(?<!\w)whsec_[A-Za-z0-9+/]{32,}={0,2}",
    "secret by assignment": r"(?i)(secret|passw(or)?d|token|api_?key)[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{40,}[\"']",
}
KNOWN = {
    "AKIAIOSFODNN7EXAMPLE": "the example in AWS's own documentation",
    "AKIDEXAMPLE": "the same, of signature version 4's test suite",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "the example in AWS's own documentation",
}
_MOST_BYTES = 2_000_000


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip("not a checkout")
    return [path for name in done.stdout.decode().split("\0") if name and (path := Path(name)).is_file()]


def found_in(text: str) -> list[tuple[str, str]]:
    """(what, where) of each thing that looks like a secret."""
    hits = ((what, match[0]) for what, form in FORMS.items() for match in re.finditer(form, text))
    return [(what, hit) for what, hit in hits if not any(known in hit for known in KNOWN)]


def test_no_tracked_file_holds_one() -> None:
    found = []
    for path in tracked():
        data = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
        if b"\0" not in data:
            found += [(str(path), what, hit[:60]) for what, hit in found_in(data.decode(errors="replace"))]
    assert found == []


def test_no_tracked_file_is_one() -> None:
    names = re.compile(r"(^|/)(\.env(\..+)?|id_(rsa|ed25519)|credentials|.+\.(pem|p12|pfx|jks|keystore))$")
    assert [str(path) for path in tracked() if names.search(str(path))] == []


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "Q" * 16,
        "-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 64,
        "ghp_" + "a1" * 18,
        "sk_" + "live_" + "x" * 24,
        "postgres://me:" + "hunter22@db.internal/x",
        "whsec_" + "A" * 43 + "=",
        "api_key = '" + "f00d" * 10 + "'",
        "eyJ" + "a" * 30 + ".eyJ" + "b" * 30 + "." + "c" * 30,
        "hf_" + "Z" * 34,
    ],
)
def test_one_would_be_found(text: str) -> None:
    assert found_in(f"x = {text!r}\n{text}\n")


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "https://user:password@host.example/",
        "token = 'short'",
        "whsec_...",
        "sha256:" + "a" * 64,
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert found_in(text) == []
