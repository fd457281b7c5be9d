"""The workflows on offer: one file each, each with a `WORKFLOW`. A new file is found by being here."""

import importlib
import pkgutil
from functools import cache

from patchbay.catalog.workflow import Workflow, check_slug
from patchbay.domain.errors import InvalidInput


@cache
def workflows() -> dict[str, Workflow]:
    """Slug -> workflow, in the order of their slugs."""
    found: dict[str, Workflow] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name.startswith("_"):
            continue
        workflow: Workflow = importlib.import_module(f"{__name__}.{info.name}").WORKFLOW
        if workflow.slug in found:
            raise ValueError(f"two workflows are called {workflow.slug!r}")
        found[check_slug(workflow.slug)] = workflow
    return dict(sorted(found.items()))


def get(slug: str) -> Workflow:
    """The workflow of that slug. Raises `InvalidInput` that lists what is on offer."""
    if slug not in workflows():
        raise InvalidInput(f"there is no workflow {slug!r}; there are: {', '.join(workflows())}", field="workflow")
    return workflows()[slug]
