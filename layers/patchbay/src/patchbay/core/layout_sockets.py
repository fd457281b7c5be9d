"""How open sockets lie in the table; `layout` lists these keys with all others."""

from patchbay.ports import Key


def socket_key(connection_id: str) -> Key:
    """Key of an open socket."""
    return f"SOCKETS#{connection_id}", "socket"


def listener_key(job_id: str, connection_id: str) -> Key:
    """Key of one socket's listening to a job."""
    return f"LISTENERS#{job_id}", connection_id


def ticket_key(secret_hash: str) -> Key:
    """Key of what lets a page open a socket."""
    return f"TICKETS#{secret_hash}", "ticket"
