"""How what users have at services elsewhere lies in the table; `layout` lists these keys with all others."""

from patchbay.core import layout
from patchbay.domain.errands import LIVES, SentTask, SentWork
from patchbay.ports import Key, Put


def kept_key_key(tenant_id: str, vendor: str) -> Key:
    """Key of a tenant's key for a service."""
    return f"VENDORKEYS#{tenant_id}", vendor


def sent_key(tenant_id: str, fingerprint: str) -> Key:
    """Key of a computation that was sent away."""
    return f"ERRANDS#{tenant_id}", fingerprint


def sent_task_key(tenant_id: str, task_id: str) -> Key:
    """Key of which job a task elsewhere is for."""
    return f"ERRANDS#{tenant_id}", f"task#{task_id}"


def put_sent(sent: SentWork) -> tuple[Put, ...]:
    """Writes of a computation that was sent away, found by its number there as soon as it has one."""
    expires = sent.sent_at + LIVES
    put = layout.put(sent_key(sent.tenant_id, sent.fingerprint), "errand", sent, expires=expires)
    if not sent.task_id:
        return (put,)
    task = SentTask(job_id=sent.job_id, fingerprint=sent.fingerprint)
    stored = layout.record(
        sent_task_key(sent.tenant_id, sent.task_id), "errand_task", task, expires_at=int(expires.timestamp())
    )
    return put, Put(stored, expected=None)
