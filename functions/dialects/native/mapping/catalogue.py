"""What is on offer."""

from typing import Any

from patchbay.catalog import models
from patchbay.catalog.compute import Compute
from patchbay.catalog.costs import Rates
from patchbay.catalog.models import Model, Shelf
from patchbay.catalog.workflow import StepSpec, Workflow
from patchbay.domain.errors import InvalidInput


def model(found: Model, shelf: Shelf) -> dict[str, Any]:
    """A model."""
    return {
        "name": found.name,
        "title": found.title,
        "kind": found.kind,
        "engine": found.engine,
        "version": found.version,
        "stems": list(found.stems),
        "melody": found.takes_melody,
        "min_length_s": found.length_s[0] if found.length_s else None,
        "max_length_s": found.length_s[1] if found.length_s else None,
        "licence": found.licence,
        "commercial_use": found.commercial_use,
        "available": found in shelf.served(),
    }


def workflow(found: Workflow, shelf: Shelf, rates: Rates) -> dict[str, Any]:
    """A workflow, and whether it can be done with the models that are here."""
    specs: tuple[StepSpec, ...] = ()
    reason = None
    try:
        specs = found.plan(found.parse({}), shelf)
    except InvalidInput as error:
        reason = str(error)
    return {
        "slug": found.slug,
        "name": found.name,
        "description": found.description,
        "input": found.input,
        "params": found.params.model_json_schema(),
        "available": reason is None,
        "reason": reason,
        "outputs": [name for spec in specs if spec.reported for name in spec.outputs],
        "steps": [_step(spec, rates) for spec in specs],
    }


def compute(found: Compute, rates: Rates) -> dict[str, Any]:
    """A class of machine."""
    return {
        "name": found.name,
        "vcpus": found.vcpus,
        "memory_mib": found.memory_mib,
        "gpus": found.gpus,
        "usd_per_hour": rates.usd_per_hour(found.name),
    }


def _step(spec: StepSpec, rates: Rates) -> dict[str, Any]:
    return {
        "name": spec.name,
        "engine": spec.engine,
        "model": spec.model or None,
        "licence": models.get(spec.model).licence if spec.model else None,
        "compute": spec.compute,
        "usd_per_hour": rates.usd_per_hour(spec.compute),
    }
