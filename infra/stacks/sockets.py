"""Sockets by which clients hear of their jobs: a WebSocket API, and the Lambda that tells them what the bus tells."""

import json
from typing import Any

from aws_cdk import ArnFormat, CfnOutput, CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from infra.constructs import environment, logging_role, rights
from infra.constructs.acknowledged import acknowledge
from infra.constructs.bundles import Bundler
from infra.constructs.handlers import Code, Handler
from infra.constructs.table import SECRETS
from infra.stacks.events import SOURCE, EventsStack
from infra.stacks.pipeline import PipelineStack
from infra.stage import Stage

STAGE = "live"
TOLD = ("job.started", "job.progressed", "job.succeeded", "job.failed", "job.cancelled", "job.deleted")
_ACCESS_LOG = {
    name: f"$context.{name}"
    for name in ("requestId", "eventType", "routeKey", "status", "connectionId", "integrationLatency")
}
"""No query: a token is in it."""
_SHORT = Duration.seconds(10)


class SocketStack(Stack):
    """The WebSocket API, its Lambda, and the one that tells."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        pipeline: PipelineStack,
        events_stack: EventsStack,
        bundler: Bundler,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.stage, self.pipeline = stage, pipeline
        self._code = Code(self, "Code", stage=stage, bundler=bundler)
        api = apigateway.WebSocketApi(
            self, "Api", api_name=stage.named("sockets"), description="Patchbay: what becomes of jobs, as it does"
        )
        self.api_id = api.api_id
        self._endpoint = self._endpoint_of(api)
        may = [*rights.use_table(pipeline.data.table, secrets=SECRETS), self._may_send(api)]
        answer = self._handler("socket", may)
        for route in ("$connect", "$disconnect", "$default"):
            api.add_route(route, integration=WebSocketLambdaIntegration(f"{route[1:]}Integration", answer))
        self._stage(api, logging_role.account(self) if stage.gateway_logs_role else None)
        tell = self._handler("push_progress", may)
        pattern = events.EventPattern(source=[SOURCE], detail_type=list(TOLD))
        # The job is read anew at each try, so an old event tells nothing that is no more so.
        target = targets.LambdaFunction(tell, retry_attempts=2)
        events.Rule(self, "TellRule", event_bus=events_stack.bus, event_pattern=pattern, targets=[target])
        tell.configure_async_invoke(retry_attempts=2)
        acknowledge(self, "APIG4", "the Lambda of $connect checks the token, as those of the HTTP API do")
        CfnOutput(self, "SocketApiId", value=api.api_id)
        CfnOutput(self, "SocketUrl", value=f"{api.api_endpoint}/{STAGE}")

    def _endpoint_of(self, api: apigateway.WebSocketApi) -> str:
        """Where messages to open sockets are sent. The emulator has no names for its APIs, but paths."""
        if self.stage.emulated:
            return f"/_aws/execute-api/{api.api_id}/{STAGE}"
        return f"https://{api.api_id}.execute-api.{self.region}.{self.url_suffix}/{STAGE}"

    def _may_send(self, api: apigateway.WebSocketApi) -> iam.PolicyStatement:
        """Send to any socket of the one API, and close it."""
        connections = self.format_arn(
            service="execute-api",
            resource=api.api_id,
            resource_name=f"{STAGE}/POST/@connections/*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        return rights.allow(["execute-api:ManageConnections"], connections)

    def _stage(self, api: apigateway.WebSocketApi, account: CfnResource | None) -> None:
        log = logs.LogGroup(
            self, "Access", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        made = apigateway.CfnStage(
            self,
            "Stage",
            api_id=api.api_id,
            stage_name=STAGE,
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=self.stage.requests_per_s, throttling_burst_limit=self.stage.burst
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn, format=json.dumps(_ACCESS_LOG)
            ),
        )
        if account:
            made.add_resource_dependency(account)

    def _handler(self, entrypoint: str, allowed: list[iam.PolicyStatement]) -> lambda_.Function:
        return Handler(
            self,
            "".join(part.capitalize() for part in entrypoint.split("_")),
            stage=self.stage,
            code=self._code,
            entrypoint=entrypoint,
            timeout=_SHORT,
            memory_mib=512,
            env={**self.pipeline.variables, **environment.variables(socket_endpoint=self._endpoint)},
            rights=allowed,
        ).function
