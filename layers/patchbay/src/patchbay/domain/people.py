"""What people may call themselves, and what a password may be."""

import re
import secrets
import unicodedata

from patchbay.domain.errors import InvalidInput

MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS = 8, 256
"""NIST SP 800-63B, section 5.1.1.2: eight at the least, any characters, no rules of which; Cognito takes 256."""
MIN_NAME_CHARS, MAX_NAME_CHARS = 3, 40
MAX_REAL_NAME_CHARS = 100
CODE_CHARS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Of referral codes: no two that are read for each other."""
CODE_LENGTH = 10
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters and marks that show nothing: Default_Ignorable_Code_Point of the Unicode standard."""
_INSTAGRAM = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?")
_REFERRAL = re.compile(f"[{CODE_CHARS}]{{{CODE_LENGTH}}}")


def checked_user_name(text: str) -> str:
    """A user name in normal form (NFC): letters and digits of any script, and `.`, `_`, `-` between them.

    Raises `InvalidInput`.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not MIN_NAME_CHARS <= len(name) <= MAX_NAME_CHARS:
        raise InvalidInput(f"a user name has {MIN_NAME_CHARS} to {MAX_NAME_CHARS} characters", field="user_name")
    inner = all(unicodedata.category(char)[0] in "LMN" or char in "._-" for char in name)
    if not inner or _INVISIBLE.search(name) or not name[0].isalnum() or name[-1] in "._-" or not folded(name):
        raise InvalidInput("a user name has letters, digits, and between them . _ -", field="user_name")
    return name


def folded(name: str) -> str:
    """A user name as names are compared: without case, accents and forms that only look other (NFKD)."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def checked_real_name(text: str, field: str) -> str:
    """A first or last name, trimmed; it may be empty. Raises `InvalidInput`."""
    name = unicodedata.normalize("NFC", text.strip())
    if len(name) > MAX_REAL_NAME_CHARS:
        raise InvalidInput(f"a name has at most {MAX_REAL_NAME_CHARS} characters", field=field)
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in name):
        raise InvalidInput("a name is one line of text", field=field)
    return name


def checked_password(text: str, *, names: tuple[str, ...] = ()) -> str:
    """A new password, which may not be one of its owner's `names`. Raises `InvalidInput`."""
    if not MIN_PASSWORD_CHARS <= len(text) <= MAX_PASSWORD_CHARS:
        raise InvalidInput(f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters", field="password")
    if text != text.strip() or any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise InvalidInput("a password has no control characters, and no spaces at its ends", field="password")
    if text.casefold() in {name.casefold() for name in names}:
        raise InvalidInput("a password is not one's own name or address", field="password")
    return text


def instagram_handle(text: str) -> str:
    """A handle without its `@`; empty for none. Raises `InvalidInput`."""
    handle = text.strip().removeprefix("@")
    if handle and (not _INSTAGRAM.fullmatch(handle) or ".." in handle):
        message = "an Instagram handle has up to 30 letters, digits, underscores, and dots between them"
        raise InvalidInput(message, field="instagram")
    return handle


def new_referral_code() -> str:
    """A code that nobody has, as good as surely."""
    return "".join(secrets.choice(CODE_CHARS) for _ in range(CODE_LENGTH))


def normal_referral_code(text: str) -> str | None:
    """A code as it is looked up; None for what can be none."""
    code = text.strip().upper()
    return code if _REFERRAL.fullmatch(code) else None


def picture_key(tenant_id: str, picture_number: int) -> str:
    """Object key of a user's picture."""
    return f"images/{tenant_id}/{picture_number}.jpg"
