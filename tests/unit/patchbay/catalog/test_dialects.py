from itertools import combinations
from pathlib import Path

from patchbay.catalog.dialects import DIALECTS


def test_paths_of_two_dialects_never_overlap() -> None:
    for one, other in combinations(DIALECTS, 2):
        for a in one.paths:
            for b in other.paths:
                assert not f"{a}/".startswith(f"{b}/")
                assert not f"{b}/".startswith(f"{a}/")


def test_every_dialect_has_its_folder_and_its_lambda() -> None:
    for dialect in DIALECTS:
        folder = Path("functions/dialects", dialect.name)
        assert (folder / "routes.py").is_file() or (folder / "routes/__init__.py").is_file()
        assert Path(f"functions/entrypoints/api_{dialect.name}.py").is_file()
        assert all(path.startswith("/") and not path.endswith("/") for path in dialect.paths)
