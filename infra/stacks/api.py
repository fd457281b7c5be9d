"""The HTTP API: one base URL for all dialects, one Lambda for each of them."""

import json
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.constructs import environment, rights
from infra.constructs.acknowledged import acknowledge
from infra.constructs.buckets import (
    IMAGES,
    INCOMING_AUDIO,
    INCOMING_PICTURES,
    INCOMING_VIDEOS,
    ORDERS,
    PROJECTS,
    RESULTS,
    SAMPLES,
    UPLOADS,
    VIDEOS,
)
from infra.constructs.bundles import Bundler
from infra.constructs.handlers import Code, Handler
from infra.constructs.table import SECRETS
from infra.stacks.pipeline import PipelineStack
from infra.stage import Stage
from patchbay.catalog.dialects import DIALECTS

TIMEOUT = Duration.seconds(29)
"""Just under the 30 s after which API Gateway gives up, so that the Lambda's own log tells what took so long."""
OWN_PLACES = {"twoshot": (SAMPLES, IMAGES, INCOMING_PICTURES, INCOMING_VIDEOS, ORDERS, PROJECTS, VIDEOS)}
"""Where, beside uploads, a dialect's Lambda keeps files."""
FALLBACK = "native"
"""The dialect that answers for paths nobody claims."""
SIGN_IN = frozenset({"twoshot", "soundforge"})
"""The dialects in which people register and sign in."""
WITH_ACCOUNTS = frozenset({"soundforge"})
"""The dialects in which people link accounts elsewhere."""
_ALLOWED_HEADERS = [
    *("authorization", "content-type", "x-api-key", "idempotency-key", "if-match", "prefer", "x-request-id"),
]
_EXPOSED_HEADERS = [
    *("location", "link", "retry-after", "x-request-id", "etag", "content-disposition", "idempotent-replayed"),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
]
"""API Gateway's own word counts: it drops what the Lambdas say of CORS (its guide, "Configure CORS for HTTP APIs")."""
_ACCESS_LOG = {
    name: f"$context.{name}"
    for name in (
        "requestId",
        "requestTime",
        "httpMethod",
        "routeKey",
        "status",
        "responseLength",
        "responseLatency",
        "integrationLatency",
        "integrationErrorMessage",
    )
}
"""No paths, addresses or headers: a path can hold an asset's name, a header a key."""


class ApiStack(Stack):
    """API, routes, Lambdas.

    There is no authorizer: its refusals would have API Gateway's own body, where each dialect has its own. The
    Lambdas check keys before anything else.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        pipeline: PipelineStack,
        bundler: Bundler,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        api = apigateway.HttpApi(
            self,
            "Api",
            api_name=stage.named("api"),
            create_default_stage=False,
            cors_preflight=_cors(stage),
            description="Patchbay: every dialect under one base URL",
        )
        self.api_id = api.api_id
        self._stage(api, stage)
        code = Code(self, "Code", stage=stage, bundler=bundler)
        for dialect in DIALECTS:
            integration = self._integration(dialect.name, stage=stage, code=code, pipeline=pipeline)
            for path in dialect.paths:
                for route in (path, f"{path}/{{proxy+}}"):
                    api.add_routes(path=route, methods=[apigateway.HttpMethod.ANY], integration=integration)
            if dialect.name == FALLBACK:
                key = apigateway.HttpRouteKey.DEFAULT
                apigateway.HttpRoute(self, "Fallback", http_api=api, route_key=key, integration=integration)
        acknowledge(self, "APIG4", "the Lambdas check keys, so that refusals have the dialect's own form")
        CfnOutput(self, "HttpApiId", value=api.api_id)
        CfnOutput(self, "HttpApiUrl", value=api.api_endpoint)

    def _integration(self, dialect: str, *, stage: Stage, code: Code, pipeline: PipelineStack) -> HttpLambdaIntegration:
        data = pipeline.data
        own = (INCOMING_AUDIO, UPLOADS, *OWN_PLACES.get(dialect, ()))
        handler = Handler(
            self,
            dialect.capitalize(),
            stage=stage,
            code=code,
            entrypoint=f"api_{dialect}",
            timeout=TIMEOUT,
            memory_mib=1024,
            env={
                **pipeline.variables,
                **environment.of_secrets(stage),
                **environment.of_door(stage),
                **(environment.of_accounts(stage) if dialect in WITH_ACCOUNTS else {}),
            },
            rights=[
                *rights.use_table(data.table, secrets=SECRETS),
                *rights.read_secret(self, stage.secrets),
                *rights.read_secret(self, stage.secrets_before),
                *rights.read_objects(data.media_arn, RESULTS, *own),
                *rights.write_objects(data.media_arn, *own),
                *rights.run_machine(self, pipeline.machine_name),
                *(rights.send(pipeline.notices.attempts) if dialect == FALLBACK else ()),
                *(rights.sign_people_in(data.people.pool) if dialect in SIGN_IN else ()),
                *(self._read_library(stage) if dialect in WITH_ACCOUNTS else ()),
            ],
        )
        # One permission for each Lambda: one for each route would outgrow the policy's 20 kB.
        return HttpLambdaIntegration(f"{dialect}Integration", handler.function, scope_permission_to_route=False)

    def _read_library(self, stage: Stage) -> list[iam.PolicyStatement]:
        """The operator's own recordings, to find them and to link to them."""
        if stage.library is None:
            return []
        bucket, prefix = stage.library
        return [rights.allow(["s3:GetObject"], f"arn:{self.partition}:s3:::{bucket}/{prefix}*")]

    def _stage(self, api: apigateway.HttpApi, stage: Stage) -> None:
        log = logs.LogGroup(
            self, "Access", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        apigateway.CfnStage(
            self,
            "Stage",
            api_id=api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=stage.requests_per_s, throttling_burst_limit=stage.burst
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn, format=json.dumps(_ACCESS_LOG)
            ),
        )


def _cors(stage: Stage) -> apigateway.CorsPreflightOptions:
    methods = [apigateway.CorsHttpMethod[name] for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")]
    return apigateway.CorsPreflightOptions(
        allow_origins=list(stage.upload_origins),
        allow_methods=methods,
        allow_headers=_ALLOWED_HEADERS,
        expose_headers=_EXPOSED_HEADERS,
        max_age=Duration.hours(1),
    )
