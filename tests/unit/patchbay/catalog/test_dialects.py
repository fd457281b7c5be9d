from itertools import combinations
from pathlib import Path

from patchbay.catalog.dialects import DIALECTS


def test_no_path_is_two_dialects() -> None:
    """One may lie below another's: the longest that fits wins."""
    for one, other in combinations(DIALECTS, 2):
        assert not set(one.paths) & set(other.paths)


def test_every_dialect_has_its_folder_and_its_lambda() -> None:
    for dialect in DIALECTS:
        folder = Path("functions/dialects", dialect.name)
        assert (folder / "routes.py").is_file() or (folder / "routes/__init__.py").is_file()
        assert Path(f"functions/entrypoints/api_{dialect.name}.py").is_file()
        assert all(path.startswith("/") and not path.endswith("/") for path in dialect.paths)
