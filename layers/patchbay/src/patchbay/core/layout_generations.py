"""How generations lie in the table; `layout` lists these keys with all others."""

from patchbay.core import layout
from patchbay.domain.generations import Generation
from patchbay.ports import Key, Put


def generation_key(tenant_id: str, generation_id: str) -> Key:
    """Key of a generation."""
    return f"GENERATIONS#{tenant_id}", generation_id


def owner_key(generation_id: str) -> Key:
    """Key of whose a generation is."""
    return f"GENERATION#{generation_id}", "owner"


def put_generation(generation: Generation) -> Put:
    """Write of a generation."""
    return layout.put(generation_key(generation.tenant_id, generation.id), "generation", generation)
