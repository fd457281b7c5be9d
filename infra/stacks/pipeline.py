"""What carries jobs out: task queues, the state machine, and the Lambdas around them."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.constructs import environment, launching, rights
from infra.constructs.buckets import INCOMING_AUDIO, INCOMING_VIDEOS, PROJECTS, RESULTS, UPLOADS, VIDEOS
from infra.constructs.bundles import Bundler
from infra.constructs.egress import Egress
from infra.constructs.handlers import Code, Handler
from infra.constructs.notice_queues import NoticeQueues
from infra.constructs.pipeline_definition import LAMBDA_TIMEOUT_S, definition
from infra.constructs.state_machine import StateMachine
from infra.constructs.task_queues import TaskQueues, lost_queue
from infra.stacks.data import DataStack
from infra.stage import Stage
from patchbay.catalog.compute import CLASSES, QUEUED

LONGEST = Duration.seconds(LAMBDA_TIMEOUT_S)
ROOM = Size.gibibytes(10)
"""Plan and inspection download a whole upload, which may have 5 GiB, and decode parts of it."""


class PipelineStack(Stack):
    """Queues, state machine, Lambdas."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, data: DataStack, bundler: Bundler, **kwargs: Any
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.stage, self.data = stage, data
        self.machine_name = stage.named("jobs")
        self.queues = TaskQueues(self, "Tasks", classes=QUEUED)
        # Here and not beside their consumers: the API sends to them too, and is deployed before those.
        self.notices = NoticeQueues(self, "Notices")
        self.variables = {
            **environment.variables(
                table=data.table.table_name,
                media_bucket=data.media.bucket_name,
                weights=data.weights_url,
                user_pool_id=data.people.pool.user_pool_id,
                user_pool_client_id=data.people.client.user_pool_client_id,
                state_machine_arn=rights.machine_arn(self, self.machine_name),
            ),
            **environment.variables(
                **{f"queue_url_{name}": queue.queue_url for name, queue in self.queues.by_class.items()}
            ),
            **self.notices.variables,
        }
        self._code = Code(self, "Code", stage=stage, bundler=bundler)
        self.egress = Egress(self, "Egress", stage=stage, code=self._code, media_arn=data.media_arn)
        self._lost = lost_queue(self, "Lost", what="An upload's notice or a reconciliation")
        self._open_keys()
        self._state_machine()
        self._inspect_uploads()
        self._bury_hopeless_tasks()
        self._reconcile()
        self._sweep_assets()
        for name, queue in self.queues.by_class.items():
            CfnOutput(self, f"TaskQueueUrl{name.capitalize()}", value=queue.queue_url)

    def _state_machine(self) -> None:
        table = rights.use_table(self.data.table)
        media = self.data.media_arn
        files = [
            *rights.read_objects(media, INCOMING_AUDIO, UPLOADS, RESULTS),
            *rights.write_objects(media, UPLOADS),
            *rights.remove_objects(media, INCOMING_AUDIO),
        ]
        out, told = self.egress.rights, self.egress.variables
        plan = self._handler(
            "plan_job", [*table, *files, *out], timeout=LONGEST, memory_mib=2048, storage=ROOM, env=told
        )
        sends = [*table, *rights.read_objects(media, RESULTS), *out]
        run = self._handler("run_step", sends, timeout=LONGEST, memory_mib=1024, env=told)
        self.dispatch = dispatch = self._handler("dispatch_step", self._dispatch_rights(), env=self._launcher_env())
        finish = self._handler("finish_job", table)
        functions = {"PlanJob": plan, "RunStep": run, "DispatchStep": dispatch, "FinishJob": finish}
        machine = StateMachine(
            self,
            "Jobs",
            name=self.machine_name,
            definition=definition(CLASSES.values()),
            functions=functions,
        ).machine
        CfnOutput(self, "StateMachineArn", value=machine.state_machine_arn)

    def _open_keys(self) -> None:
        """Workers have users' keys for services elsewhere opened, of those alone whose tasks they hold."""
        may = [
            *rights.use_table(self.data.table, secrets=["VENDORKEYS"]),
            *rights.read_secret(self, self.stage.secrets),
        ]
        opens = self._handler("open_key", may, env=environment.of_secrets(self.stage))
        self.opening = environment.variables(keys_function=opens.function_name)
        self.may_open = rights.call(opens)
        CfnOutput(self, "KeysFunctionName", value=opens.function_name)

    def _inspect_uploads(self) -> None:
        """Every finished upload is taken, and then looked at. Results lie elsewhere, which sets nothing off."""
        media = self.data.media_arn
        files = [
            *rights.read_objects(media, INCOMING_AUDIO, UPLOADS),
            *rights.write_objects(media, UPLOADS),
            *rights.remove_objects(media, INCOMING_AUDIO),
        ]
        inspect = self._handler(
            "upload_finished",
            [*rights.use_table(self.data.table), *files],
            timeout=LONGEST,
            memory_mib=2048,
            storage=ROOM,
        )
        self._keep_what_fails(inspect)
        pattern = events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={
                "bucket": {"name": [self.data.media.bucket_name]},
                "object": {
                    "key": events.Match.any_of(*(events.Match.prefix(each) for each in (INCOMING_AUDIO, UPLOADS)))
                },
            },
        )
        target = targets.LambdaFunction(inspect, dead_letter_queue=self._lost)
        events.Rule(self, "UploadRule", event_pattern=pattern, targets=[target])

    def _bury_hopeless_tasks(self) -> None:
        may_tell = rights.answer_tasks(self, self.machine_name)
        bury = self._handler("bury_task", [*rights.use_table(self.data.table), *may_tell])
        bury.add_event_source(sources.SqsEventSource(self.queues.dead, batch_size=10, report_batch_item_failures=True))

    def _reconcile(self) -> None:
        """Jobs whose execution was lost are run again or failed, a few minutes after at the latest."""
        may_run = rights.run_machine(self, self.machine_name)
        self.reconcile = reconcile = self._handler(
            "reconcile_jobs",
            [*rights.use_table(self.data.table), *may_run, *self._launch_rights()],
            timeout=Duration.minutes(4),
            env=self._launcher_env(),
        )
        self._keep_what_fails(reconcile)
        schedule = events.Schedule.rate(Duration.minutes(5))
        events.Rule(self, "ReconcileRule", schedule=schedule, targets=[targets.LambdaFunction(reconcile)])
        CfnOutput(self, "ReconcileFunctionName", value=reconcile.function_name)

    def _sweep_assets(self) -> None:
        """Files, projects and videos whose time is over are removed, within an hour or so."""
        places = INCOMING_AUDIO, UPLOADS, PROJECTS, INCOMING_VIDEOS, VIDEOS
        removing = rights.remove_objects(self.data.media_arn, *places)
        may = [*rights.use_table(self.data.table), *removing, *rights.list_objects(self.data.media_arn)]
        sweep = self._handler("sweep_assets", may, timeout=Duration.minutes(10))
        self._keep_what_fails(sweep)
        schedule = events.Schedule.rate(Duration.minutes(30))
        events.Rule(self, "AssetsSweepRule", schedule=schedule, targets=[targets.LambdaFunction(sweep)])

    def _dispatch_rights(self) -> list[iam.PolicyStatement]:
        return [
            *rights.read_table(self.data.table),
            *(rights.take_turns(self.data.table) if self.stage.kept_by("batch") else []),
            *rights.send(*self.queues.by_class.values()),
            *rights.answer_tasks(self, self.machine_name),
            *self._launch_rights(),
        ]

    def _launch_rights(self) -> list[iam.PolicyStatement]:
        """See how much work there is, and start workers for it."""
        look = rights.count(*self.queues.by_class.values())
        return look + launching.rights(self, self.stage, self.data.media_arn)

    def _launcher_env(self) -> dict[str, str]:
        return {**self.opening, **launching.env(self, self.stage)}

    def _keep_what_fails(self, function: lambda_.Function) -> None:
        function.configure_async_invoke(retry_attempts=2, on_failure=destinations.SqsDestination(self._lost))

    def _handler(
        self,
        entrypoint: str,
        allowed: list[iam.PolicyStatement],
        *,
        timeout: Duration | None = None,
        memory_mib: int = 512,
        storage: Size | None = None,
        env: dict[str, str] | None = None,
    ) -> lambda_.Function:
        return Handler(
            self,
            "".join(part.capitalize() for part in entrypoint.split("_")),
            stage=self.stage,
            code=self._code,
            entrypoint=entrypoint,
            timeout=timeout or Duration.seconds(30),
            memory_mib=memory_mib,
            storage=storage,
            env={**self.variables, **(env or {})},
            rights=allowed,
        ).function
