"""Whether it runs."""

from functions.dialects.soundforge import schemas
from functions.http.app import JsonAnswer
from functions.http.dialect import new_router

HEALTH = "/health"
router = new_router()


@router.get(HEALTH, response_model=schemas.Health, tags=["Health"])
async def health() -> JsonAnswer:
    """That it does."""
    return JsonAnswer({"status": "ok"})
