"""How links to accounts elsewhere lie in the table; `layout` lists these keys with all others."""

from patchbay.ports import Key


def link_key(tenant_id: str, catalogue: str) -> Key:
    """Key of a tenant's link to his account at a catalogue."""
    return f"LINKS#{tenant_id}", catalogue


def consent_key(state_hash: str) -> Key:
    """Key of a link that waits for its owner's consent."""
    return f"CONSENTS#{state_hash}", "consent"
