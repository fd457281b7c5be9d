"""The state machine that carries jobs out, its log and its role."""

import json
from collections.abc import Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.constructs.acknowledged import ANYTHING, acknowledge
from infra.constructs.definition_check import Machine, check


class StateMachine(Construct):
    """A standard state machine that calls `functions`; the definition names them as `${Name}`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        definition: Machine,
        functions: Mapping[str, lambda_.IFunction],
    ) -> None:
        super().__init__(scope, construct_id)
        # Step Functions writes vended logs; the prefix keeps the shared resource policy from growing with each machine.
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        arns = [function.function_arn for function in functions.values()]
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=arns))
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(check(definition))),
            definition_substitutions={key: function.function_arn for key, function in functions.items()},
            # Without data, which the table has. Each line has the execution's name, and with it the job's id: about 10
            # KB a job, $0.000005 (CloudWatch Logs, us-east-1, read in 2026).
            logs=sfn.LogOptions(destination=log, level=sfn.LogLevel.ALL, include_execution_data=False),
            role=role,
        )
        acknowledge(role, ANYTHING, "the actions that set up log delivery know no resources")
        acknowledge(self.machine, "SF2", "the execution's own history shows the same, and traces cost by the step")
