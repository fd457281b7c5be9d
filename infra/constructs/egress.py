"""The one Lambda that calls addresses given by users, and what others need to have it call them."""

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import environment, rights
from infra.constructs.handlers import Code, Handler
from infra.stage import Stage

TIMEOUT = Duration.minutes(12)
"""A call of ten minutes, the longest that is made, and the way of its file to or from the bucket."""
ROOM = Size.gibibytes(10)
FETCHED = "incoming/fetched/"
"""Where files lie on their way, for a moment. It is written and read by signed links that others lend it."""


class Egress(Construct):
    """A Lambda whose role may write its own log and nothing else: who takes it over by a hostile answer has no table,
    no bucket, no queue and no secret, but the links of the one call.

    The twin has none: its Lambdas are processes of one user on one machine, and call by themselves.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, code: Code, media_arn: str) -> None:
        super().__init__(scope, construct_id)
        self.variables: dict[str, str] = {}
        self.rights: list[iam.PolicyStatement] = []
        """To call it, and to lend it a place for a file."""
        self.call: list[iam.PolicyStatement] = []
        """To call it alone."""
        if stage.emulated:
            return
        handler = Handler(
            self,
            "Handler",
            stage=stage,
            code=code,
            entrypoint="egress",
            timeout=TIMEOUT,
            memory_mib=1024,
            storage=ROOM,
            env={},
        )
        self.variables = environment.variables(egress_function=handler.function.function_name)
        self.call = rights.call(handler.function)
        self.rights = [
            *self.call,
            *rights.read_objects(media_arn, FETCHED),
            *rights.write_objects(media_arn, FETCHED),
        ]
