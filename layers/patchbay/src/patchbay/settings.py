"""Settings of one process: environment variables, typed and checked at start.

Every Lambda, worker and command reads the same names; what a process does not need it need not have.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "PATCHBAY_"
_INSTANCE = re.compile(r"[a-z][a-z0-9-]{0,15}\.[a-z0-9-]{1,15}")
PROVIDERS = ("library", "yt-dlp")
"""Who can be asked for the audio of songs."""


class Settings(BaseModel):
    """One field for each variable: `PATCHBAY_TABLE` is `table`, and so on. Empty means unset."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str = "dev"
    table: str = ""
    """Name of the DynamoDB table."""
    media_bucket: str = ""
    """Bucket of uploads and results."""
    weights: str = ""
    """Where model weights lie: a folder, or `s3://bucket/prefix`; one folder a model below it."""
    models: str = ""
    """Models whose weights are installed, comma-separated."""
    allow_research_weights: bool = False
    """Whether the operator has decided that research-only weights may run here."""
    state_machine_arn: str = ""
    queue_url_gpu: str = ""
    queue_url_cpu: str = ""
    bus_name: str = ""
    user_pool_id: str = ""
    """Cognito user pool of those who sign in with a password; empty where nobody does."""
    user_pool_client_id: str = ""
    notice_queue_url: str = ""
    """Queue of attempts to bring notices to webhook receivers."""
    dead_notice_queue_url: str = ""
    """Queue of notices that were given up."""
    public_url: str = ""
    """Base URL that clients see, without a slash at the end; empty where API Gateway's own name serves."""
    objects_url: str = ""
    """Endpoint that presigned object URLs are made for; empty for the region's own."""
    allow_private_urls: bool = False
    """Whether addresses given by users may be private ones. True in the twin only."""
    extra_ca: str = ""
    """File of a certificate authority to trust beside the public ones when users' addresses are called."""
    launcher: str = "none"
    """What keeps the workers' machines: `batch`, `sagemaker`, `sagemaker-endpoint` or `none`; `batch,gpu=sagemaker` is
    one for all classes and another for one.
    """
    batch_queue_gpu: str = ""
    batch_queue_cpu: str = ""
    batch_on_demand_gpu: str = ""
    """Batch queue of the same class whose machines are never Spot."""
    batch_on_demand_cpu: str = ""
    batch_definition_gpu: str = ""
    batch_definition_cpu: str = ""
    sagemaker_role_arn: str = ""
    sagemaker_image_gpu: str = ""
    sagemaker_image_cpu: str = ""
    sagemaker_endpoint_gpu: str = ""
    sagemaker_endpoint_cpu: str = ""
    endpoint_queue: str = ""
    """Compute class of an endpoint's own machines."""
    max_workers: int = 4
    """Workers of one class that may run at once."""
    spot_patience_s: int = Field(300, ge=0)
    """Seconds that a worker may wait for a Spot machine before it gets one on demand; 0: never a Spot machine."""
    idle_s: int = Field(120, ge=10, le=3600)
    """Seconds that a worker in the cloud waits for more before it ends."""
    warm: str = ""
    """Workers that stay though there is no work, by class and hours in UTC: `gpu=1@7-19,cpu=1`."""
    gpu_instances: str = ""
    """Instance types for GPU workers on Batch, comma-separated."""
    cpu_instances: str = ""
    image_weights: str = ""
    """Folder of weights, one folder a model, that deployments put into the image of the GPU workers."""
    bytecode_python: str = ""
    """An interpreter of the Lambdas' version on the machine that deploys, whose bytecode goes along."""
    max_upload_bytes: int = 5 * 1024**3
    max_duration_s: int = 6 * 3600
    link_ttl_s: int = 3600
    """Seconds that a download link lives."""
    upload_ttl_s: int = 900
    """Seconds that an upload link lives."""
    front_objects: bool = False
    """Whether links to objects lead through the one address of `public_url`, below `/objects/`, not to the store."""
    domain: str = ""
    """Name of the operator's own for the one address; read by deployments only, as the next six."""
    certificate: str = ""
    """ARN of its certificate, of the region that CloudFront takes them from."""
    hosted_zone: str = ""
    """Id of its zone at Route 53, for its records and, without a certificate, for making one."""
    web_acl: str = ""
    """ARN of the operator's own web ACL for the one address."""
    waf_requests: int = Field(0, ge=0, le=2_000_000_000)
    """Requests of one address in five minutes from which on the stage's web ACL refuses them; 0 for no web ACL."""
    ingest_min: int = Field(1, ge=0, le=100)
    """Tasks of the ingest service that are kept at rest."""
    ingest_max: int = Field(0, ge=0, le=100)
    """Tasks of it at most; 0 where there is no such service."""
    gateway_logs_role: bool = True
    """Whether deployments give the account a role by which API Gateway writes logs of sockets."""
    socket_endpoint: str = ""
    """Where messages to open sockets are sent: the WebSocket API's stage, by https."""
    spotify_client_id: str = ""
    """Of the operator's application at Spotify, whose catalogue songs are looked up in; empty for no look-ups."""
    spotify_client_secret: str = ""
    spotify_api_url: str = "https://api.spotify.com/v1/"
    spotify_accounts_url: str = "https://accounts.spotify.com/"
    lalalai_url: str = "https://www.lalal.ai/"
    """Where LALAL.AI's API is; another place is for tests."""
    keys_function: str = ""
    """The function that gives workers the keys of those whose tasks they hold; empty where there is none."""
    vault_key: str = ""
    """32 random bytes, Base64, that secrets of users are sealed with; older ones after it, comma-separated, still open
    what they sealed. Empty: none are kept.
    """
    door_secret: str = ""
    """What the one address before all parts of a stage says of itself in `x-patchbay-door`; empty where there is none.
    Only what says so is believed whose request it is.
    """
    secrets: str = ""
    """Name of the secret in Secrets Manager that holds the operator's own, as JSON: `vault_key`, `door_secret`,
    `spotify_client_id`, `spotify_client_secret`. Read when one of them is first needed, and again every quarter hour.
    """
    secrets_before: str = ""
    """Name of the one that was used before, whose `door_secret` is believed too; empty for none."""
    own_key: bool = False
    """Whether deployments seal data under a key of the stage's own; nothing else reads it, nor the next."""
    private_workers: bool = False
    """Whether workers on Batch are put into subnets without a way to the internet."""
    egress_function: str = ""
    """Lambda that calls users' addresses for this process, with no rights of its own; empty: it calls them itself."""
    audio_providers: str = "library"
    """Who is asked for the audio of songs, comma-separated, in order: `library`, `yt-dlp`. The latter is off unless it
    is named: most of what it finds, its operator has no right to copy.
    """
    audio_library: str = ""
    """`s3://bucket/prefix` of the operator's own licensed recordings, with a `library.json` that lists them."""
    retention_days: int = 30
    """Days that results are kept."""
    rate_limit_scale: float = 1.0
    """What the dialects' quotas of requests are multiplied with; 0 for no limits."""
    tries_scale: float = Field(1.0, gt=0)
    """What the bounds on passwords that are tried are multiplied with; of use to tests, which come from one address."""
    credits_standard: int = Field(10_000, ge=0)
    """Credits that a user of the standard plan has each month; 0 for as many as anybody wants."""
    credits_premium: int = Field(100_000, ge=0)
    """The same of the premium plan."""
    quota_files: int = 0
    """Files that one account may have at once; 0 for no bound. So too the next two."""
    quota_gb: int = 0
    """Gigabytes (2^30 bytes) of files that one account may store."""
    quota_jobs: int = 0
    """Jobs of one account that may be under way or wait at once."""
    quota_premium: int = 10
    """How many times as much an account of the premium plan may have."""
    budget_standard: float = Field(0.0, ge=0, le=1e6)
    """US dollars that the jobs of one account of the standard plan may cost in a month; 0 for no bound. So the rest."""
    budget_premium: float = Field(0.0, ge=0, le=1e6)
    budget_daily_standard: float = Field(0.0, ge=0, le=1e6)
    """The same in a day."""
    budget_daily_premium: float = Field(0.0, ge=0, le=1e6)
    prices: str = ""
    """What the operator pays where it is not the list price of us-east-1: a JSON object of names and US dollars."""
    price_scale: float = Field(1.0, gt=0, le=100)
    """What the other prices are multiplied with, for another region."""
    machine_price: Literal["on-demand", "spot"] = "on-demand"
    """At which price the seconds of machines are counted; those of SageMaker have their own."""
    verify_email: bool = False
    """Whether those who register have to show, by a mailed code, that their address is theirs."""
    mail_from: str = ""
    """Address, verified at SES, that codes are mailed from; empty for Cognito's own, some fifty a day."""
    otlp_endpoint: str = ""
    """Where spans are sent to by OTLP/HTTP, such as `https://xray.<region>.amazonaws.com` or a collector's address;
    empty: none are recorded.
    """
    otlp_ratio: float = Field(1.0, ge=0, le=1)
    """Share of the traces that are recorded. Of his own trace a caller with a good key says himself whether it is."""
    alarm_email: str = ""
    """Who is told of alarms; read by deployments only, as the next two."""
    alarm_cost_usd: float = Field(50.0, gt=0)
    """US dollars of machines a day from which on somebody is told."""
    lambda_concurrency: int = Field(1000, gt=0)
    """How many Lambdas the account may run at once, all kinds together; `patchbay doctor` shows its quota."""
    uploads_kept_days: int = 0
    """Days that files are kept for which their owners ask nothing else; 0 for as long as nobody deletes them."""

    @field_validator("audio_providers")
    @classmethod
    def known_providers(cls, told: str) -> str:
        """Raises ValueError for a provider that there is not."""
        if unknown := [name for name in _names(told) if name not in PROVIDERS]:
            raise ValueError(f"there is no provider {unknown[0]!r}; there are: {', '.join(PROVIDERS)}")
        return told

    @field_validator("otlp_endpoint")
    @classmethod
    def whole_address(cls, told: str) -> str:
        """Raises ValueError for what spans cannot be sent to."""
        if told and not told.startswith(("https://", "http://")):
            raise ValueError("an address that begins with https:// or http:// is needed")
        return told

    @field_validator("alarm_email")
    @classmethod
    def one_address(cls, told: str) -> str:
        """Raises ValueError for what is no e-mail address."""
        if told and (told.count("@") != 1 or any(c.isspace() or c == "," for c in told)):
            raise ValueError("one e-mail address is needed")
        return told

    @field_validator("launcher")
    @classmethod
    def known_backends(cls, told: str) -> str:
        """Raises ValueError for what keeps no machines."""
        from patchbay.catalog import backends

        backends.parse(told)
        return told

    @field_validator("warm")
    @classmethod
    def sound_warm(cls, told: str) -> str:
        """Raises ValueError for what does not say who stays when."""
        from patchbay.catalog.warm import parse

        parse(told)
        return told

    @field_validator("gpu_instances", "cpu_instances")
    @classmethod
    def sound_instances(cls, told: str) -> str:
        """Raises ValueError for what is no instance type."""
        if wrong := [name for name in _names(told) if not _INSTANCE.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r} is no instance type such as g6.xlarge")
        return told

    @field_validator("prices")
    @classmethod
    def sound_prices(cls, told: str) -> str:
        """Raises ValueError for what are no prices."""
        from patchbay.catalog.prices import parse

        parse(told)
        return told

    @field_validator("vault_key")
    @classmethod
    def whole_keys(cls, told: str) -> str:
        """Raises ValueError for what is no key."""
        from patchbay.core.vault import parse_keys

        parse_keys(told)
        return told

    @property
    def provider_names(self) -> tuple[str, ...]:
        """The `audio_providers` setting, split."""
        return _names(self.audio_providers)

    @property
    def installed_models(self) -> tuple[str, ...]:
        """The `models` setting, split."""
        return _names(self.models)


def _names(told: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in told.split(",") if name.strip())


def from_env(env: Mapping[str, str]) -> Settings:
    """Settings of an environment. Raises ValueError that names the variable at fault."""
    given = {
        name: value for name in Settings.model_fields if (value := env.get(PREFIX + name.upper(), "").strip()) != ""
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from None


@cache
def settings() -> Settings:
    """This process's settings."""
    return from_env(os.environ)
