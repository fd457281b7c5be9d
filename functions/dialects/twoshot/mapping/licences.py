"""Licences in the words of the TwoShot API."""

from typing import Any

from functions.dialects.twoshot.mapping.times import iso
from patchbay.domain.licences import Licence, LicenceApplication, Terms


def licence(found: Licence) -> dict[str, Any]:
    """A licence."""
    return {
        "id": found.id,
        "name": found.name,
        "description": found.description,
        "price": found.price,
        "currency": found.currency,
        "terms": terms(found.terms),
    }


def terms(found: Terms) -> dict[str, Any]:
    """What a licence allows."""
    return {
        "commercial": found.commercial,
        "streaming_limit": found.streaming_limit,
        "attribution_required": found.attribution_required,
    }


def application(found: LicenceApplication) -> dict[str, Any]:
    """A licence that was applied for."""
    return {
        "licenseApplicationId": found.id,
        "status": found.status,
        "validUntil": iso(found.valid_until) if found.valid_until else None,
        "terms": terms(found.terms),
    }


def shown(found: Licence, applied: LicenceApplication | None) -> dict[str, Any]:
    """The licence that a file is under."""
    return {
        "id": found.id,
        "name": found.name,
        "terms": terms(found.terms),
        "application": application(applied) if applied else None,
    }
