"""Where a key may stand in a request, for the dialects that take it in either of two headers."""

import pytest

from tests.fakes.gateway import Api
from tests.fakes.world import Tenant


@pytest.mark.parametrize(("name", "path"), [("audioshake", "/job"), ("native", "/patchbay/v1/me")])
@pytest.mark.parametrize("empty", ["Bearer ", "Bearer", "bearer   ", "", "Basic eDp5"])
def test_an_empty_bearer_hides_no_key(
    request: pytest.FixtureRequest, ada: Tenant, name: str, path: str, empty: str
) -> None:
    api: Api = request.getfixturevalue(name).with_key(None)
    assert api.call("GET", path, headers={"authorization": empty, "x-api-key": ada.secret}).status == 200
    assert api.call("GET", path, headers={"authorization": empty}).status == 401
    assert api.call("GET", path, headers={"authorization": "Bearer x", "x-api-key": ada.secret}).status == 401
