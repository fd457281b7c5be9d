"""The CDK app reads the catalogue and the names of settings, and nothing else of ours."""

import ast

from tests.support.templates import ROOT

ALLOWED = ("patchbay.catalog", "patchbay.settings", "infra")


def test_infra_imports_only_declarations() -> None:
    wrong = []
    for path in (ROOT / "infra").rglob("*.py"):
        if "node_modules" in path.parts or "twin" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                ours = node.module.startswith(("patchbay", "functions", "gpu_workers", "infra"))
                if ours and not node.module.startswith(ALLOWED):
                    wrong.append((path.name, node.module))
    assert wrong == []
