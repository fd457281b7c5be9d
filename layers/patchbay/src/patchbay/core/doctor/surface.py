"""What clients meet: the public address, and the bucket that browsers send files to."""

from collections.abc import Iterator

from patchbay.core.doctor.account import clock
from patchbay.core.doctor.patient import Patient
from patchbay.domain.checkup import Finding, State

DAYS_WARN, DAYS_FAIL = 21, 3
"""Until the certificate ends. ACM renews sixty days before, so that less than three weeks means that it cannot."""


def address(patient: Patient) -> Iterator[Finding]:
    """That it answers, as this stage, with a certificate that is trusted and stays good for a while."""
    url = patient.given.public_url
    if not url:
        todo = "set PATCHBAY_PUBLIC_URL to the output PublicUrl of the stack Studio, and deploy again"
        yield Finding("address", "public URL", State.WARN, "none is set; API Gateway's own name serves", todo)
        return
    seen = patient.deployment.outside(url)
    if seen.trouble:
        todo = (
            "see docs/runbooks.md#unreachable"
            if "certificate" not in seen.trouble
            else "see docs/runbooks.md#certificate-expiry"
        )
        yield Finding("address", url, State.FAIL, seen.trouble, todo)
        return
    if seen.stage != patient.given.stage:
        told = f"answers as {seen.stage or 'something else'}"
        yield Finding("address", url, State.FAIL, told, "correct PATCHBAY_PUBLIC_URL, or where its name points to")
    else:
        yield Finding("address", url, State.OK, "answers")
    yield from _certificate(patient, seen.certificate_days)
    if seen.skew_s is not None:
        yield clock("address", "its clock", seen.skew_s)
    yield _cors(seen.allows_origins)


def uploads(patient: Patient) -> Iterator[Finding]:
    """That browsers may send files to the bucket."""
    if patient.given.emulated:
        yield Finding("address", "CORS of uploads", State.SKIPPED, "the twin's emulator takes all")
        return
    origins = patient.deployment.origins(patient.given.media_bucket)
    told = f"files are taken from pages of {', '.join(origins)}" if origins else "no page may send files"
    todo = "" if origins else "deploy the stack Data again"
    yield Finding("address", "CORS of uploads", State.OK if origins else State.FAIL, told, todo)


def _cors(allows: bool) -> Finding:
    if allows:
        return Finding("address", "CORS of the API", State.OK, "pages of any origin may call it")
    todo = "see what stands before the API: it answers browsers' questions (CORS) itself"
    return Finding("address", "CORS of the API", State.FAIL, "pages of other origins may not call it", todo)


def _certificate(patient: Patient, days: float | None) -> Iterator[Finding]:
    if days is None:
        yield Finding("address", "certificate", State.WARN, "was not seen", "try again")
        return
    told = f"good for {days:.0f} days"
    if days >= DAYS_WARN:
        yield Finding("address", "certificate", State.OK, told)
        return
    here = (
        "start the twin again: it makes a new one" if patient.given.emulated else "docs/runbooks.md#certificate-expiry"
    )
    yield Finding("address", "certificate", State.FAIL if days < DAYS_FAIL else State.WARN, told, here)
