"""How people lie in the table; `layout` lists these keys with all others."""

from datetime import datetime

from patchbay.core import layout
from patchbay.domain.base import Entity
from patchbay.domain.people import folded
from patchbay.domain.users import User
from patchbay.ports import Key, Put


class Claimed(Entity):
    """Whose a name is that only one can have."""

    user_id: str


class Brought(Entity):
    """That a user was brought by another."""

    at: datetime


class Resetting(Entity):
    """That a password is being set by a code; stays for a while if that comes to no end."""

    code_hash: str


class EndedSession(Entity):
    """That a session is over, though its tokens say otherwise."""

    at: datetime


def user_name_key(name: str) -> Key:
    """Key of the record that makes a user name unique."""
    return f"USERNAMES#{folded(name)}", "user"


def referral_key(code: str) -> Key:
    """Key of whose a referral code is."""
    return f"REFERRALS#{code}", "user"


def brought_key(referrer_id: str, user_id: str) -> Key:
    """Key of a user among those whom another brought."""
    return f"REFERRED#{referrer_id}", user_id


def follow_key(follower_id: str, followed_id: str) -> Key:
    """Key of one user's following another."""
    return f"FOLLOWS#{follower_id}", followed_id


def followers_key(user_id: str) -> Key:
    """Key of the counter of a user's followers."""
    return f"FOLLOWERS#{user_id}", "count"


def ended_key(user_id: str, session_id: str) -> Key:
    """Key of the mark that a session is over."""
    return f"ENDED#{user_id}", session_id


def reset_key(user_id: str) -> Key:
    """Key of the mark that a user's password is being set by a code."""
    return f"RESETS#{user_id}", "reset"


def browser_key(secret_hash: str) -> Key:
    """Key of a browser's session by its cookie's hash."""
    return f"BROWSERS#{secret_hash}", "session"


def hand_over_key(code_hash: str) -> Key:
    """Key of a session that waits to be handed over."""
    return f"HANDOVERS#{code_hash}", "session"


def claims(user: User) -> tuple[Put, Put]:
    """Writes that make a user's name and referral code its own; they fail where another has one."""
    owner = Claimed(user_id=user.id)
    name, code = user_name_key(user.user_name), referral_key(user.referral_code)
    return layout.put(name, "user_name", owner), layout.put(code, "referral", owner)
