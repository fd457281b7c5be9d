"""What must not stand in a log: secrets by their forms, and addresses that users gave beyond their host.

Nothing of ours writes them on purpose; this is for what other libraries put into the texts of their errors.
"""

import re

_ADDRESS = re.compile(r"(https?://)(?:[^\s/\"'<>\\?#]*@)?([^\s/\"'<>\\?#@]+)[^\s\"'<>\\]*", re.IGNORECASE)
_FORMS = re.compile(
    r"pb_[\w-]{20,}"  # a key of ours
    r"|whsec_[\w+/=-]{16,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"  # a token (JWT)
    r"|(?i:(?<=bearer )|(?<=api_key ))[\w.~+/=-]{8,}"
    r"|(?i:x-amz-(?:signature|security-token|credential))=[^\s\"'&\\]+"
)
HIDDEN = "[hidden]"


def redacted(text: str) -> str:
    """`text` with only the hosts of addresses, and without whatever has the form of a secret."""
    if "://" in text:
        text = _ADDRESS.sub(rf"\1\2/{HIDDEN}", text)
    return _FORMS.sub(HIDDEN, text)
