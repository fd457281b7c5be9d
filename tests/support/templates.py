"""The CDK app's templates, made in this process, once for each stage and test session."""

import json
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from infra.stage import Stage, stage

ROOT = Path(__file__).resolve().parents[2]
Template = dict[str, Any]


def templates(stage_name: str, launcher: str = "", **settings: str) -> dict[str, Template]:
    """Stack ("Data", "Api", ...) -> template. Raises RuntimeError for findings of cdk-nag that nobody acknowledged.

    `settings`: what an operator sets beside the launcher, `secrets="name"` for `PATCHBAY_SECRETS`.
    """
    return _of(stage(stage_name, {f"PATCHBAY_{k.upper()}": v for k, v in {"launcher": launcher, **settings}.items()}))


def on_sagemaker() -> dict[str, Template]:
    """A stage whose CPU workers are processing jobs, and whose GPU workers are behind an endpoint, one of them warm."""
    return templates("dev", "sagemaker,gpu=sagemaker-endpoint", warm="gpu=1@7-19")


@cache
def _of(chosen: Stage) -> dict[str, Template]:
    names = ("Data", "Pipeline", "Api", "Events", "Sockets", "Compute", "Ingest", "Studio", "Watching")
    found = _made(chosen, names)
    if folder := os.environ.get("TEMPLATES_KEPT"):
        keep(chosen, found, Path(folder))
    return found


def keep(chosen: Stage, found: dict[str, Template], folder: Path) -> None:
    """Leave a plain cloud stage's templates in a folder for whoever looks at them besides: all of them, or none yet."""
    if chosen.emulated or chosen != stage(chosen.name, {}):
        return
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-", ignore_cleanup_errors=True) as part:
        whole = Path(part, chosen.name)
        whole.mkdir()
        for name, template in found.items():
            (whole / f"{chosen.prefix}-{name}.template.json").write_text(json.dumps(template))
        with suppress(OSError):  # another process of these tests was faster
            whole.rename(folder / chosen.name)


def resources(stage_name: str, kind: str) -> dict[str, Any]:
    """Properties of all resources of a type in a stage, by stack and logical id."""
    return {
        f"{stack}/{name}": resource["Properties"]
        for stack, template in templates(stage_name).items()
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def table_definition(stage_name: str = "twin") -> dict[str, Any]:
    """The table as a request of DynamoDB's CreateTable, without a name: tests make theirs of it and cannot drift."""
    (properties,) = resources(stage_name, "AWS::DynamoDB::Table").values()
    wanted = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")
    stream = {"StreamEnabled": True, **properties["StreamSpecification"]}
    return {**{name: properties[name] for name in wanted}, "StreamSpecification": stream}


def _made(chosen: Stage, stacks: tuple[str, ...]) -> dict[str, Template]:
    # The Node that the environment brings, where there is one; jsii looks here.
    node = Path(sys.executable).with_name("node")
    if node.exists():
        os.environ.setdefault("JSII_NODE", str(node))
    import aws_cdk as cdk

    from infra import app as infra_app
    from infra.constructs.bundles import Bundler

    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=f"{folder}/assembly", context=context, analytics_reporting=False)
        infra_app.check(app, chosen)
        bundler = Bundler(out=Path(folder, "bundles"), target=infra_app.target_of(chosen), install=False)
        infra_app.build(app, chosen, bundler)
        app.synth()
        found = {name: Path(folder, "assembly", f"{chosen.prefix}-{name}.template.json") for name in stacks}
        return {name: json.loads(path.read_text()) for name, path in found.items() if path.exists()}
