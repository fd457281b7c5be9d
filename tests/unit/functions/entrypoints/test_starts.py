"""What the Lambdas of the dialects load when they start, in an interpreter of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions import entrypoints

ROOT = Path(__file__).parents[4]
APIS = sorted(path.stem for path in Path(entrypoints.__path__[0]).glob("api_*.py"))
SCRIPT = """
import importlib, json, sys
seen = {}
for name in sys.argv[1:]:
    before = set(sys.modules)
    importlib.import_module(f"functions.entrypoints.{name}")
    seen[name] = sorted(set(sys.modules) - before)
routes = [route for name in sys.argv[1:]
          for route in sys.modules[f"functions.dialects.{name.removeprefix('api_')}.routes"].DIALECT.router.routes]
json.dump({"loaded": seen, "routes": len(routes), "made": [r.path for r in routes if "app" in vars(r)]}, sys.stdout)
"""
NEEDED_LATER = {
    "av", "cryptography", "hypothesis", "httpx", "jsonschema", "joserfc", "matplotlib", "numpy", "PIL", "requests",
    "rich", "scipy", "spotipy", "torch", "typer", "yaml", "yt_dlp",
}  # fmt: skip
"""Packages that few requests need, or none: who needs one imports it where it is used."""


@pytest.fixture(scope="module")
def started() -> dict[str, Any]:
    env = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "test", "AWS_DEFAULT_REGION": "us-east-1", "PATCHBAY_TABLE": "t"}
    command = [sys.executable, "-c", SCRIPT, *APIS]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("name", APIS)
def test_no_lambda_starts_with_what_few_requests_need(started: dict[str, Any], name: str) -> None:
    loaded = started["loaded"][name]
    assert f"functions.entrypoints.{name}" in loaded
    assert NEEDED_LATER.isdisjoint(module.partition(".")[0] for module in loaded)


def test_nor_with_the_commands_or_models_of_an_older_pydantic(started: dict[str, Any]) -> None:
    loaded = {module for modules in started["loaded"].values() for module in modules}
    assert "pydantic.v1" not in loaded, "FastAPI looks for such models when it makes a route"
    assert not [module for module in loaded if module.startswith("patchbay.cli")]


def test_no_route_is_made_before_a_request_comes(started: dict[str, Any]) -> None:
    assert started["routes"] > 150
    assert started["made"] == []
