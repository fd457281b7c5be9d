"""The CDK app: `cdk synth -c stage=prod`. Without a stage it is dev."""

import os
import sys
from collections.abc import Mapping
from importlib.metadata import version

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.constructs.bundles import ROOT, Bundler, Target
from infra.constructs.stage_key import seal
from infra.stacks import edge
from infra.stacks.api import ApiStack
from infra.stacks.compute import ComputeStack
from infra.stacks.data import DataStack
from infra.stacks.events import EventsStack
from infra.stacks.ingest import IngestStack
from infra.stacks.pipeline import PipelineStack
from infra.stacks.sockets import SocketStack
from infra.stacks.studio import StudioStack
from infra.stacks.watching import WatchingStack
from infra.stage import Stage, stage
from patchbay.settings import PREFIX

RELEASE = version("patchbay")
"""Told by each stack, where `patchbay doctor` reads it."""


def build(app: cdk.App, chosen: Stage, bundler: Bundler) -> dict[str, cdk.Stack]:
    """The stacks of a stage. They name no account, region or zone, so one template serves wherever it is deployed."""
    prefix = chosen.prefix
    data = DataStack(app, f"{prefix}-Data", stage=chosen)
    pipeline = PipelineStack(app, f"{prefix}-Pipeline", stage=chosen, data=data, bundler=bundler)
    api = ApiStack(app, f"{prefix}-Api", stage=chosen, pipeline=pipeline, bundler=bundler)
    events = EventsStack(app, f"{prefix}-Events", stage=chosen, pipeline=pipeline, bundler=bundler)
    sockets = SocketStack(
        app, f"{prefix}-Sockets", stage=chosen, pipeline=pipeline, events_stack=events, bundler=bundler
    )
    stacks: dict[str, cdk.Stack] = {
        "Data": data,
        "Pipeline": pipeline,
        "Api": api,
        "Events": events,
        "Sockets": sockets,
    }
    if set(chosen.backends.values()) != {"none"}:
        stacks["Compute"] = ComputeStack(app, f"{prefix}-Compute", stage=chosen, pipeline=pipeline)
    ingest = None
    if chosen.ingest_max:
        ingest = stacks["Ingest"] = IngestStack(app, f"{prefix}-Ingest", stage=chosen, pipeline=pipeline)
    if not chosen.emulated:  # the twin's front door is in this one's place
        stacks["Studio"] = StudioStack(
            app, f"{prefix}-Studio", stage=chosen, data=data, api=api, sockets=sockets, ingest=ingest
        )
    if edge.wanted(chosen):
        stacks["Edge"] = edge.EdgeStack(app, f"{prefix}-Edge", stage=chosen)
        stacks["Studio"].add_stack_dependency(stacks["Edge"])
    if not chosen.emulated:  # which knows neither sums of metrics nor saved queries
        others = list(stacks.values())
        watching = stacks["Watching"] = WatchingStack(
            app, f"{prefix}-Watching", stage=chosen, stacks=others, bundler=bundler
        )
        for other in others:  # whose log groups its saved queries name
            watching.add_stack_dependency(other)
    if data.key:
        seal((stack for stack in stacks.values() if stack.environment == data.environment), data.key)
    for name, stack in stacks.items():
        # CDK makes a function wait for its whole role, policies included, which cfn-lint calls more than needed.
        # CloudFront is made in every region but China's, whose lists of types lack it.
        ignored = ["W3005", *(["E3006"] if name == "Studio" else [])]
        cdk.CfnOutput(stack, "Release", value=RELEASE, description="Of the program that deployed it")
        stack.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ignored}}}
    cdk.Tags.of(app).add("patchbay:stage", chosen.name)
    return stacks


def main(env: Mapping[str, str]) -> None:
    """Read the stage from the context and write its templates."""
    app = cdk.App()
    chosen = stage(app.node.try_get_context("stage") or "dev", env)
    check(app, chosen)
    build(app, chosen, Bundler(out=ROOT / "cdk.out/bundles", target=target_of(chosen)))
    app.synth()


def check(app: cdk.App, chosen: Stage) -> None:
    """Let the synthesis of a cloud stage fail on what cdk-nag finds and nobody has acknowledged."""
    if not chosen.emulated:
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def target_of(chosen: Stage) -> Target:
    """Where a stage's code runs: arm64 Lambdas, or the interpreter of the twin, which is this one.

    Raises ValueError if its bytecode cannot be made by what the stage says.
    """
    if chosen.emulated:
        return Target(python=sys.version_info[:2], compiler=sys.executable)
    target = Target(compiler=chosen.bytecode_python)
    try:
        target.check()
    except ValueError as error:
        raise ValueError(f"{PREFIX}BYTECODE_PYTHON: {error}") from None
    return target


if __name__ == "__main__":
    main(os.environ)
