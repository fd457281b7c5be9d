"""TwoShot's API: the routes of all nouns, and the dialect that they make."""

from functions.dialects.twoshot.errors import ERRORS, shape
from functions.dialects.twoshot.routes import (
    audio,
    auth,
    generate,
    generation,
    library,
    licences,
    models,
    projects,
    renders,
    samples,
    users,
    videos,
)
from functions.dialects.twoshot.routes.base import NAME, QUOTAS, find_key
from functions.dialects.twoshot.schemas.common import Error
from functions.http.dialect import Dialect, new_router

router = new_router()
for _part in (auth, users, library, samples, audio, licences, projects, renders, models, generate, generation, videos):
    router.routes.extend(_part.router.routes)

DIALECT = Dialect(
    name=NAME,
    title="Patchbay: TwoShot API",
    description="The API of TwoShot, served by Patchbay: accounts, people, sample libraries, audio and licences."
    " Whoever has no access token can use an API key of Patchbay's in its place.",
    router=router,
    find_key=find_key,
    errors=ERRORS,
    shape=shape,
    error_model=Error,
    tokens=True,
    cookies=True,
    public=frozenset(route.path for route in auth.router.routes),  # type: ignore[attr-defined]
    optional=frozenset(
        {
            users.PROFILE,
            samples.BROWSE,
            samples.SAMPLE,
            samples.PREVIEW,
            samples.EXPLORE,
            audio.AUDIO,
            audio.PLAY,
            audio.BPM,
            licences.LICENCES,
            licences.LICENCE,
            generation.GENERATION,
            models.MODELS,
            models.PRESETS,
            models.TAGS_IN_USE,
            models.MODEL,
            projects.PROJECTS,
            projects.PROJECT,
        }
    ),
    writing=frozenset({audio.STEMS}),
    streamed=frozenset({library.AUDIO, library.ART, users.PICTURE}),
    quotas=QUOTAS,
    key_schemes={
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    },
)
