"""Routes that are made when the first request for them comes.

Of all that FastAPI does at its start, most is looking at the parameters and models of routes. A Lambda's process
serves few of them, and the first client waits for all: so a route says at once what it is found by, and the rest when
it is needed.
"""

import warnings
from collections.abc import Callable, Collection
from typing import Any

from fastapi.routing import APIRoute
from pydantic.warnings import UnsupportedFieldAttributeWarning
from starlette._utils import get_route_path
from starlette.routing import Match, compile_path
from starlette.types import ASGIApp, Scope


class LateRoute(APIRoute):
    """FastAPI's route, in all that can be asked of it, made late.

    `around` is put around what answers its requests, which nobody gets to without.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Collection[str] | None = None,
        around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
        **told: Any,
    ) -> None:
        self.path, self.endpoint = path, endpoint
        self.methods = {method.upper() for method in methods or ["GET"]}
        self._begins = path.partition("{")[0]
        self._told, self._around = told, around

    def guarded(self, around: Callable[[ASGIApp], ASGIApp]) -> "LateRoute":
        """The same route with something around it."""
        return LateRoute(self.path, self.endpoint, methods=self.methods, around=around, **self._told)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See `Route`. Patterns of paths that begin in another way are not even made."""
        path = get_route_path(scope)
        if not path.startswith(self._begins):
            return Match.NONE, {}
        if "path_regex" not in self.__dict__:
            self.path_regex, self.path_format, self.param_convertors = compile_path(self.path)
        found = self.path_regex.match(path)
        if found is None:
            return Match.NONE, {}
        params = {name: self.param_convertors[name].convert(text) for name, text in found.groupdict().items()}
        told = {"endpoint": self.endpoint, "path_params": {**scope.get("path_params", {}), **params}, "route": self}
        return Match.FULL if scope["method"] in (self.methods or ()) else Match.PARTIAL, told

    def __getattr__(self, name: str) -> Any:
        """What is not there yet, by making the route. Two threads that do it at once make the same one twice."""
        known = self.__dict__
        if "_told" in known and "app" not in known:
            known.update(self._made().__dict__)
        if name not in known:
            raise AttributeError(f"a route has no {name!r}")
        return known[name]

    def _made(self) -> APIRoute:
        with warnings.catch_warnings():
            # FastAPI gives the field of a body an alias, of which pydantic warns when it makes what checks it.
            warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
            made = APIRoute(self.path, self.endpoint, methods=self.methods, **self._told)
            if made.body_field:
                made.body_field.validate(None)
        made.app = self._around(made.app)
        return made
