"""Lists of parts in CycloneDX's form (ECMA-424, version 1.6), for programs that watch what is known against them."""

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from infra.supply.parts import Part

_NAMESPACE = uuid.UUID("6b1f2a0e-2b52-5f0b-9d55-0b3b6c8f4a11")
"""Ours, for names made of contents: the same parts make the same list."""


def bom(thing: str, parts: Iterable[Part], *, version: str, made_at: datetime | None = None) -> dict[str, Any]:
    """The list of one thing's parts. Without a time it is the same, byte for byte, for the same parts."""
    every = sorted(parts)
    here = {part.name: part.purl for part in every}
    root = f"patchbay/{thing}@{version}"
    when = {"timestamp": made_at.astimezone(UTC).isoformat(timespec="seconds")} if made_at else {}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, _digest(root, every))}",
        "version": 1,
        "metadata": {
            **when,
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": f"patchbay-{thing}",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": [_component(part) for part in every],
        "dependencies": [
            {"ref": root, "dependsOn": sorted(here.values())},
            *({"ref": part.purl, "dependsOn": _needed(part, here)} for part in every),
        ],
    }


def text(made: dict[str, Any]) -> str:
    """A list as it is written to a file."""
    return json.dumps(made, indent=2, sort_keys=True) + "\n"


def _component(part: Part) -> dict[str, Any]:
    licences = {"licenses": [{"expression": part.licence}]} if part.licence else {}
    hashes = {"hashes": [{"alg": "SHA-256", "content": each} for each in part.sha256]} if part.sha256 else {}
    group, _, name = part.name.rpartition("/")
    grouped = {"group": group} if group else {}
    return {
        "type": "library",
        "bom-ref": part.purl,
        "name": name,
        **grouped,
        "version": part.version,
        "purl": part.purl,
        **licences,
        **hashes,
    }


def _needed(part: Part, here: dict[str, str]) -> list[str]:
    return sorted(here[name] for name in part.needs if name in here)


def _digest(root: str, parts: Iterable[Part]) -> str:
    return hashlib.sha256("\n".join([root, *(repr(part) for part in parts)]).encode()).hexdigest()
