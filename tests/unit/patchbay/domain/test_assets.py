import pytest

from patchbay.domain.assets import parse_upload_key, result_prefix, upload_key
from patchbay.domain.ids import new_id


def test_upload_keys_name_their_tenant() -> None:
    tenant, asset = new_id(), new_id()
    assert parse_upload_key(upload_key(tenant, asset)) == (tenant, asset)


@pytest.mark.parametrize(
    "key", ["", "uploads", "uploads/a/b", "results/{t}/{t}", "uploads/{t}/{t}/{t}", "uploads/../{t}"]
)
def test_other_keys_are_no_uploads(key: str) -> None:
    assert parse_upload_key(key.format(t=new_id())) is None


def test_results_lie_under_their_tenant() -> None:
    assert result_prefix("t", "f") == "results/t/f/"
