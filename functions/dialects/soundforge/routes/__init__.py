"""SoundForge's API: the routes of all nouns, and the dialect that they make."""

from functions.dialects.soundforge import visits
from functions.dialects.soundforge.errors import ERRORS, shape
from functions.dialects.soundforge.routes import (
    analysis,
    exports,
    health,
    lalalai,
    linking,
    mixing,
    people,
    processing,
    session,
    settings,
    tracks,
)
from functions.dialects.soundforge.routes.base import HEAVY, NAME, QUOTAS, find_key
from functions.dialects.soundforge.schemas import Error
from functions.http.dialect import Dialect, new_router

router = new_router()
for _part in (health, session, processing, analysis, tracks, mixing, exports, people, settings, linking, lalalai):
    router.routes.extend(_part.router.routes)
PAGES = frozenset(
    {people.REGISTER, people.LOG_OUT, people.RESET, visits.LOG_IN, settings.SETTINGS, linking.START, linking.CALLBACK}
    | {lalalai.KEY}
)
"""Paths that look at the cookie themselves, and send away whoever has none."""

DIALECT = Dialect(
    name=NAME,
    title="Patchbay: SoundForge API",
    description="The API of SoundForge, served by Patchbay: tracks of Spotify and your own, downloads, separation,"
    " analysis and exports.",
    router=router,
    find_key=find_key,
    errors=ERRORS,
    shape=shape,
    error_model=Error,
    tokens=True,
    cookies=True,
    public=frozenset({health.HEALTH, *PAGES}),
    optional=frozenset({session.SESSION}),
    writing=frozenset({linking.START, linking.CALLBACK}),
    streamed=frozenset({mixing.EXPORT, *PAGES}),
    quotas=QUOTAS,
    heavy={processing.SEPARATE: HEAVY, analysis.ANALYZE: HEAVY, tracks.DOWNLOAD: HEAVY, mixing.EXPORT: HEAVY}
    | {lalalai.QUOTA: HEAVY, lalalai.KEY: HEAVY},
    key_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
)
