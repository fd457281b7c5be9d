"""A deployment looked at with the AWS credentials at hand. Nothing here changes anything."""

import base64
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from patchbay.adapters.aws import clients
from patchbay.adapters.web.outside import look
from patchbay.domain.checkup import (
    Account,
    FunctionFacts,
    Mail,
    Outside,
    QueueFacts,
    Resource,
    StackFacts,
    TableFacts,
    WeightFile,
    as_texts,
)
from patchbay.domain.errors import Forbidden, NotFound, Unauthenticated, Unavailable

_ANOTHER_ORIGIN = {
    "origin": "https://patchbay.invalid",
    "access-control-request-method": "GET",
    "access-control-request-headers": "authorization",
}
_NOT_LOGGED_IN = (
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
_STRANGE = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "SignatureDoesNotMatch", "AuthFailure")
_GONE = ("NotFound", "NoSuch", "DoesNotExist", "NonExistent", "404")


@dataclass(frozen=True, slots=True)
class Inspection:
    """The deployment port."""

    weights: str
    """Where they are: `s3://bucket[/prefix]`, or a folder."""
    fetch_weights: Callable[[str, Path], None]
    extra_ca: str | None = None

    def account(self) -> Account:
        """See `Deployment`."""
        with _looking("the account"):
            client = clients.client("sts")
            found = client.get_caller_identity()
            date = found["ResponseMetadata"]["HTTPHeaders"].get("date", "")
            return Account(found["Account"], client.meta.region_name, _skew_s(date))

    def stack(self, name: str) -> StackFacts:
        """See `Deployment`."""
        with _looking(f"the stack {name}"):
            client = clients.client("cloudformation")
            (found,) = client.describe_stacks(StackName=name)["Stacks"]
            pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
            listed = [each for page in pages for each in page["StackResourceSummaries"]]
        resources = tuple(
            Resource(name, each["LogicalResourceId"], each["ResourceType"], each.get("PhysicalResourceId", ""))
            for each in listed
        )
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
        return StackFacts(name, found["StackStatus"], outputs.get("Release", ""), resources)

    def table(self, name: str) -> TableFacts:
        """See `Deployment`."""
        with _looking(f"the table {name}"):
            client = clients.client("dynamodb")
            found = client.describe_table(TableName=name)["Table"]
            backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
            ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        indexes = {
            each["IndexName"]: each.get("IndexStatus", "ACTIVE") for each in found.get("GlobalSecondaryIndexes", [])
        }
        stream = found.get("StreamSpecification", {})
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        return TableFacts(
            status=found["TableStatus"],
            indexes=indexes,
            stream=stream.get("StreamViewType", "") if stream.get("StreamEnabled") else "",
            recovers=recovery == "ENABLED",
            protected=bool(found.get("DeletionProtectionEnabled")),
            expires=ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"},
        )

    def queue(self, url: str) -> QueueFacts:
        """See `Deployment`."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "RedrivePolicy"]
        with _looking("a queue"):
            told = clients.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names).get("Attributes", {})
        return QueueFacts(url.rpartition("/")[2], int(told[names[0]]), int(told[names[1]]), bool(told.get(names[2])))

    def function(self, name: str) -> FunctionFacts:
        """See `Deployment`."""
        with _looking(f"the Lambda {name}"):
            client = clients.client("lambda")
            found = client.get_function_configuration(FunctionName=name)
            mappings = client.list_event_source_mappings(FunctionName=name).get("EventSourceMappings", [])
        sources = {each.get("EventSourceArn", "").split("/stream/")[0]: each.get("State", "") for each in mappings}
        variables = found.get("Environment", {}).get("Variables", {})
        return FunctionFacts(name, found.get("State", ""), found.get("LastUpdateStatus", ""), variables, sources)

    def machine(self, arn: str) -> str:
        """See `Deployment`."""
        with _looking("the state machine"):
            return str(clients.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"])

    def rule(self, name: str) -> str:
        """See `Deployment`."""
        bus, _, rule = name.rpartition("|")
        more = {"EventBusName": bus} if bus else {}
        with _looking(f"the rule {rule}"):
            return str(clients.client("events").describe_rule(Name=rule, **more)["State"])

    def origins(self, bucket: str) -> Sequence[str]:
        """See `Deployment`."""
        try:
            with _looking(f"the bucket {bucket}"):
                rules = clients.client("s3").get_bucket_cors(Bucket=bucket)["CORSRules"]
        except NotFound:
            return ()
        taking = [rule for rule in rules if {"PUT", "POST"} & set(rule["AllowedMethods"])]
        return sorted({origin for rule in taking for origin in rule["AllowedOrigins"]})

    def secret(self, name: str) -> Mapping[str, str]:
        """See `Deployment`."""
        with _looking(f"the secret {name}"):
            found = clients.client("secretsmanager").get_secret_value(SecretId=name)
        try:
            return as_texts(found.get("SecretString", ""))
        except ValueError as error:
            raise Unavailable(f"the secret {name} cannot be read: {error}") from None

    def mail(self, sender: str) -> Mail:
        """See `Deployment`."""
        with _looking("SES"):
            client = clients.client("sesv2")
            production = bool(client.get_account().get("ProductionAccessEnabled"))
        verified = False
        # A whole domain may be verified in the place of one address.
        for identity in (sender, sender.rpartition("@")[2]):
            try:
                with _looking(f"the identity {identity}"):
                    found = client.get_email_identity(EmailIdentity=identity)
            except NotFound:
                continue
            verified = verified or bool(found.get("VerifiedForSendingStatus"))
        return Mail(verified, production)

    def quota(self, service: str, code: str) -> float:
        """See `Deployment`. Where the account has none of its own AWS's default is in force."""
        client = clients.client("service-quotas")
        try:
            with _looking(f"the quota {code}"):
                found = client.get_service_quota(ServiceCode=service, QuotaCode=code)
        except NotFound:
            with _looking(f"the quota {code}"):
                found = client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)
        return float(found["Quota"]["Value"])

    def ringing(self, prefix: str) -> Sequence[str]:
        """See `Deployment`."""
        with _looking("the alarms"):
            pages = clients.client("cloudwatch").get_paginator("describe_alarms")
            found = pages.paginate(AlarmNamePrefix=prefix, StateValue="ALARM")
            alarms = [alarm for page in found for alarm in page["MetricAlarms"]]
        return sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM")

    def told(self, topic_arn: str) -> tuple[int, int]:
        """See `Deployment`."""
        with _looking("the topic of alarms"):
            pages = clients.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
            arns = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
        confirmed = sum(arn.startswith("arn:") for arn in arns)
        return confirmed, len(arns) - confirmed

    def weight(self, name: str, *, read: bool) -> WeightFile:
        """See `Deployment`. S3 may have kept a digest of the whole, if the file was uploaded with one."""
        if not self.weights:
            raise NotFound(f"{name} is not there: no place of weights is known (PATCHBAY_WEIGHTS)")
        missing = NotFound(f"{name} is not at {self.weights}")
        if read or not self.weights.startswith("s3://"):
            return self._read(name, missing)
        parts = urlsplit(self.weights)
        key = "/".join(part for part in (parts.path.strip("/"), name) if part)
        try:
            with _looking(f"the file {name}"):
                found = clients.client("s3").head_object(Bucket=parts.netloc, Key=key, ChecksumMode="ENABLED")
        except NotFound:
            raise missing from None
        return WeightFile(int(found["ContentLength"]), _whole_digest(found))

    def outside(self, url: str) -> Outside:
        """See `Deployment`."""
        seen = look(f"{url}/patchbay/v1/health", ca_file=self.extra_ca)
        stage = ""
        if not seen.trouble:
            try:
                stage = as_texts(seen.body.decode("utf-8", "replace")).get("stage", "")
            except ValueError:
                stage = ""
        asked = look(f"{url}/patchbay/v1/health", ca_file=self.extra_ca, headers=_ANOTHER_ORIGIN, method="OPTIONS")
        allows = asked.headers.get("access-control-allow-origin") in {"*", _ANOTHER_ORIGIN["origin"]}
        return Outside(seen.trouble, seen.certificate_days, seen.clock_skew_s, stage, allows)

    def _read(self, name: str, missing: NotFound) -> WeightFile:
        """The whole file, through a copy that is gone afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "weights")
            try:
                with _looking(f"the file {name}"):
                    self.fetch_weights(name, path)
            except FileNotFoundError:
                raise missing from None
            except OSError as error:
                free = shutil.disk_usage(folder).free // 2**20
                raise Unavailable(f"{name} could not be read ({error.strerror}; {free} MiB free here)") from None
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return WeightFile(path.stat().st_size, digest)


@contextmanager
def _looking(what: str) -> Iterator[None]:
    """Turn what AWS says into an error of the domain that names what was looked at."""
    try:
        with clients.errors(what):
            yield
    except _NOT_LOGGED_IN as error:
        raise Unauthenticated(f"AWS does not know who asks: {error}") from None
    except ClientError as error:
        code, text = clients.code_of(error), str(error.response.get("Error", {}).get("Message", ""))
        if any(code.startswith(each) for each in _STRANGE):
            raise Unauthenticated(f"AWS does not take these credentials: {code}") from None
        if "AccessDenied" in code or "Unauthorized" in code:
            raise Forbidden(f"{what} may not be looked at: {error.operation_name} is denied") from None
        if any(each in code for each in _GONE) or (code == "ValidationError" and "does not exist" in text):
            raise NotFound(f"{what} is not there") from None
        raise Unavailable(f"{what} could not be looked at: {code}: {text[:200]}") from None


def _whole_digest(found: Mapping[str, Any]) -> str | None:
    """The digest that S3 has kept, hexadecimal; one that is put together of parts' digests tells nothing."""
    kept = str(found.get("ChecksumSHA256", ""))
    whole = found.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" and "-" not in kept
    return base64.b64decode(kept).hex() if kept and whole else None


def _skew_s(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
