"""The third-party layer has what the Lambdas import, pinned by hash, and not what the Lambda runtime brings."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.templates import ROOT

TEXT = (ROOT / "layers/runtime/requirements.txt").read_text()
PINS = re.findall(r"^([\w.-]+)==([\w.]+) \\\n    --hash=sha256:([0-9a-f]{64})$", TEXT, re.MULTILINE)
OURS = {"patchbay", "functions"}
FROM_THE_LAMBDA_RUNTIME = {"boto3", "botocore"}
NOT_IN_THE_LAYER = {"cli", "ingest.py"}
"""What no Lambda runs."""


def imported(folder: Path) -> set[str]:
    """Top-level modules that the code under a folder imports."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        if NOT_IN_THE_LAYER.intersection(path.relative_to(folder).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.partition(".")[0])
    return names


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_line_is_a_pin_with_a_hash() -> None:
    lines = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
    assert len(lines) == 2 * len(PINS)


def test_it_has_what_the_lambdas_import() -> None:
    used = imported(ROOT / "functions") | imported(ROOT / "layers/patchbay/src/patchbay")
    foreign = used - OURS - FROM_THE_LAMBDA_RUNTIME - set(sys.stdlib_module_names)
    distributions = packages_distributions()
    wanted = {plain(distributions[name][0]) for name in foreign}
    assert wanted <= {plain(name) for name, _, _ in PINS}


def test_it_leaves_out_what_the_lambda_runtime_brings() -> None:
    assert not {name for name, _, _ in PINS} & FROM_THE_LAMBDA_RUNTIME


def test_its_versions_are_those_that_the_tests_run_with() -> None:
    lock = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    known = {plain(name): version for name, version in lock.items()}
    assert {(plain(name), version) for name, version, _ in PINS} <= set(known.items())
