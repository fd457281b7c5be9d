"""What the operator brings: weights, secrets, an address to write mail from."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from patchbay.catalog.models import MODELS, Model
from patchbay.core.doctor.findings import each, failed
from patchbay.core.doctor.patient import Given, Patient
from patchbay.core.vault import WrongKey, parse_keys
from patchbay.domain.checkup import Finding, State, WeightFile
from patchbay.domain.errors import Forbidden, NotFound

DOOR, DOOR_CHARS = "door_secret", 24
_DOOR_FORM = re.compile(rf"[A-Za-z0-9._~+/=-]{{{DOOR_CHARS},128}}")
"""A load balancer takes up to 128 characters, `*` and `?` among them for any others (ELB guide, "HTTP headers")."""
NAMES = ("vault_key", "door_secret", "spotify_client_id", "spotify_client_secret")
PINS = "SHA256SUMS"
_SPOTIFY = re.compile(r"[0-9a-f]{32}")


def weights(patient: Patient) -> Iterator[Finding]:
    """Of each model that is said to be installed: there, whole, what the catalogue knows, and allowed."""
    given = patient.given
    if not given.models:
        yield Finding("weights", "installed models", State.OK, "none but those that come with Patchbay")
    for name in given.models:
        model = MODELS.get(name)
        if model is None:
            todo = f"correct PATCHBAY_MODELS; there are: {', '.join(m.name for m in MODELS.values() if _brought(m))}"
            yield Finding("weights", name, State.FAIL, "there is no such model", todo)
            continue
        if not model.commercial_use and not given.allow_research:
            todo = "set PATCHBAY_ALLOW_RESEARCH_WEIGHTS=true if you may, and deploy again"
            yield Finding("weights", name, State.FAIL, f"not allowed here: {model.licence}", todo)
            continue
        yield from each("weights", [(f"{name}/{file}", partial(_file, patient, model, file)) for file in model.files])


def secrets(patient: Patient) -> Iterator[Finding]:
    """There and of the right form. What they are is not shown."""
    given = patient.given
    if given.emulated:
        yield Finding("secrets", "all", State.SKIPPED, "the twin makes its own")
        return
    if not given.secrets:
        todo = "make a secret and name it in PATCHBAY_SECRETS (see README) if people are to link accounts"
        yield Finding("secrets", "secret", State.WARN, "none is named: no secrets of users are kept", todo)
        return
    try:
        told = patient.deployment.secret(given.secrets)
    except NotFound as error:
        todo = f"aws secretsmanager create-secret --name {given.secrets} (see README), or correct PATCHBAY_SECRETS"
        yield Finding("secrets", "secret", State.FAIL, str(error), todo)
        return
    except Forbidden as error:  # CDK deploys by roles of its own: who deploys need not be who may read secrets
        yield replace(failed("secrets", "secret", error), state=State.WARN)
        return
    unknown = sorted(told.keys() - set(NAMES))
    for name in NAMES:
        yield _secret(given, name, told)
    for name in unknown:
        yield Finding("secrets", name, State.WARN, "nothing reads it", f"is it one of {', '.join(NAMES)}, misspelt?")
    if given.secrets_before:
        yield _before(patient)


def mail(patient: Patient) -> Iterator[Finding]:
    """Whether codes reach those who register."""
    sender = patient.given.mail_from
    if patient.given.emulated or not sender:
        told = "the twin keeps its mail" if patient.given.emulated else "Cognito's own is used: some fifty a day"
        yield Finding("mail", "sender", State.SKIPPED if patient.given.emulated else State.OK, told)
        return
    found = patient.deployment.mail(sender)
    if found.verified:
        yield Finding("mail", sender, State.OK, "verified")
    else:
        todo = f"aws sesv2 create-email-identity --email-identity {sender}, and follow the link in the mail"
        yield Finding("mail", sender, State.FAIL, "not verified: no codes are mailed", todo)
    todo = (
        "" if found.production else "ask AWS for production access to SES; until then only verified addresses get mail"
    )
    told = "to anybody" if found.production else "in the sandbox"
    yield Finding("mail", "reach", State.OK if found.production else State.WARN, told, todo)


def _brought(model: Model) -> bool:
    return bool(model.files) and not model.embedded


def _file(patient: Patient, model: Model, file: str) -> Finding:
    name, wanted = f"{model.name}/{file}", model.files[file]
    try:
        found = patient.deployment.weight(name, read=patient.given.read_weights)
    except NotFound as error:
        if wanted is None and file.endswith(".safetensors"):
            with suppress(NotFound):
                return _sharded(patient, model, file)
        return Finding("weights", name, State.FAIL, str(error), "upload it there, or correct PATCHBAY_WEIGHTS")
    if not found.size_bytes:
        return Finding("weights", name, State.FAIL, "is empty", "upload it again")
    if wanted is None or found.sha256 is None:
        return _unread(name, wanted, found, patient.given.read_weights)
    if found.sha256 != wanted:
        todo = "this is another file than the catalogue's, and no worker loads it: upload the right one"
        return Finding("weights", name, State.FAIL, f"SHA-256 {found.sha256[:12]}…, not {wanted[:12]}…", todo)
    return Finding("weights", name, State.OK, f"{_size(found)}, SHA-256 as in the catalogue")


def _unread(name: str, wanted: str | None, found: WeightFile, read: bool) -> Finding:
    if wanted is None:
        return Finding("weights", name, State.OK, f"{_size(found)}; pin it by a list {PINS} beside it")
    if read:
        return Finding("weights", name, State.WARN, _size(found), "its digest could not be had; try again")
    return Finding(
        "weights", name, State.OK, f"{_size(found)}, not read; --deep does, and workers do before they load it"
    )


def _sharded(patient: Patient, model: Model, file: str) -> Finding:
    """A file may lie there in shards, with an index of them."""
    index = f"{model.name}/{file}.index.json"
    found = patient.deployment.weight(index, read=False)
    return Finding("weights", f"{model.name}/{file}", State.OK, f"in shards, by an index of {found.size_bytes} bytes")


def _before(patient: Patient) -> Finding:
    """The secret that is on its way out: it has to be there, and does not have to be for long."""
    name = patient.given.secrets_before
    try:
        value = patient.deployment.secret(name).get(DOOR, "")
    except NotFound as error:
        return Finding("secrets", name, State.FAIL, str(error), "correct PATCHBAY_SECRETS_BEFORE, or take it away")
    if trouble := _malformed(DOOR, value):
        todo = "take PATCHBAY_SECRETS_BEFORE away: nothing can still say that"
        return Finding("secrets", name, State.FAIL, f"its {DOOR} {trouble[0]}", todo)
    todo = "once the stack Studio is through, take PATCHBAY_SECRETS_BEFORE away and deploy again"
    return Finding("secrets", name, State.WARN, f"its {DOOR} is still taken", todo)


def _secret(given: Given, name: str, told: Mapping[str, str]) -> Finding:
    value = told.get(name)
    if value is None and name == DOOR:  # which the deployment itself looks up; the others may be left out
        todo = f"add {name} to the secret {given.secrets}, empty if you have none"
        return Finding("secrets", name, State.FAIL, "is missing", todo)
    if not value and name == DOOR and given.ingest:
        todo = f"put one into the secret {given.secrets} (openssl rand -hex 32), and deploy again"
        return Finding("secrets", name, State.FAIL, "is empty: the ingest service's load balancer asks for it", todo)
    if not value:
        return Finding("secrets", name, State.OK, "empty: you have none")
    trouble = _malformed(name, value)
    if trouble:
        return Finding("secrets", name, State.FAIL, trouble[0], trouble[1])
    return Finding("secrets", name, State.OK, "there, of the right form")


def _malformed(name: str, value: str) -> tuple[str, str] | None:
    """What is wrong with a secret, without showing it, and what to do."""
    if name == "vault_key":
        try:
            parse_keys(value)
        except WrongKey:
            return "is no key of 32 bytes in Base64", "make one: openssl rand -base64 32; keep older ones after it"
    if name == DOOR and not _DOOR_FORM.fullmatch(value):
        wanted = f"{DOOR_CHARS} to 128 letters, digits or ._~+/=-"
        return f"is not {wanted}", "make one: openssl rand -hex 32, and deploy again"
    if name.startswith("spotify_") and not _SPOTIFY.fullmatch(value):
        return "is not 32 hexadecimal digits", "copy it from https://developer.spotify.com/dashboard"
    return None


def _size(found: WeightFile) -> str:
    return f"{found.size_bytes / 2**20:.1f} MiB" if found.size_bytes >= 2**20 else f"{found.size_bytes} bytes"
