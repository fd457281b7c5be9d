"""What differs between stages, typed. Everything else is the same template everywhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra import front_settings
from patchbay.catalog import backends
from patchbay.catalog.backends import Backend, Backends
from patchbay.catalog.compute import QUEUED, Compute
from patchbay.settings import PREFIX, from_env

_BUCKET_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.'()=+/-]*))?")
"""The prefix becomes part of a right, where `*`, `?` and `$` would mean more than themselves."""

_SECRET_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
"""Secrets Manager's rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The settings of one stage."""

    name: str
    durable: bool = False
    """Whether data outlives the stack: retained, backed up, protected from deletion."""
    own_key: bool = False
    """Whether data is sealed under a key of the stage's own, for $1 a month. Once on it must stay on."""
    private_workers: bool = False
    """Whether workers on Batch have private subnets with endpoints, for $117 a month, and no way to anywhere else."""
    emulated: bool = False
    """Whether this is the local twin, where Batch, VPC and foreign wheels have no place."""
    launcher: str = "batch"
    """What keeps the workers' machines, as `backends` reads it."""
    models: str = ""
    """Models whose weights lie in the weights bucket, comma-separated."""
    allow_research_weights: bool = False
    weights: str = ""
    """Where the weights are, `s3://bucket[/prefix]`; empty for the stack's own bucket."""
    public_url: str = ""
    domain: str = ""
    """Name of the operator's own for the one address, its certificate's ARN, and its zone's id at Route 53."""
    certificate: str = ""
    hosted_zone: str = ""
    web_acl: str = ""
    """ARN of a web ACL of the operator's own for the one address."""
    waf_requests: int = 0
    """Requests of one address in five minutes from which on the stage's own web ACL refuses them; 0: it has none."""
    front_objects: bool = False
    """Whether links to objects lead through the one address."""
    ingest_min: int = 1
    """Tasks of the service for large bodies at rest; 0 saves their price, and the first upload is refused."""
    ingest_max: int = 0
    """The same at most; 0: there is no such service."""
    gateway_logs_role: bool = True
    """Whether the stage gives the account a role by which API Gateway writes logs of sockets."""
    objects_url: str = ""
    allow_private_urls: bool = False
    max_workers: int = 4
    spot_patience_s: int = 300
    idle_s: int = 120
    """How long a worker waits for more before it ends: about what starting the next one would take."""
    warm: str = ""
    retention_days: int = 30
    uploads_kept_days: int = 0
    rate_limit_scale: float = 1.0
    quota_files: int = 10_000
    """What one account may have at once, if it is not of a dearer plan; 0: no bound."""
    quota_gb: int = 100
    quota_jobs: int = 200
    quota_premium: int = 10
    budget_standard: float = 0.0
    """What the jobs of one account may cost in a month, US dollars; 0: no bound. So the next three."""
    budget_premium: float = 0.0
    budget_daily_standard: float = 0.0
    budget_daily_premium: float = 0.0
    prices: str = ""
    price_scale: float = 1.0
    machine_price: str = "on-demand"
    verify_email: bool = False
    mail_from: str = ""
    credits_standard: int = 10_000
    credits_premium: int = 100_000
    secrets: str = ""
    """Name of the secret in Secrets Manager that holds the operator's, as JSON: `vault_key`, `spotify_client_id`,
    `spotify_client_secret`, `door_secret`, all of them, empty where he has none. For a stage in the cloud.
    """
    secrets_before: str = ""
    """The one before that, whose `door_secret` is taken as well while the new one makes its way."""
    vault_key: str = ""
    """These themselves are for the twin alone: templates of the cloud hold no secrets."""
    spotify_client_id: str = ""
    spotify_client_secret: str = ""
    spotify_api_url: str = ""
    spotify_accounts_url: str = ""
    lalalai_url: str = ""
    """Another place of LALAL.AI's API than its own, for tests."""
    audio_providers: str = ""
    audio_library: str = ""
    """Who has the audio of songs, and where the operator's own recordings are, `s3://bucket[/prefix]`."""
    otlp_endpoint: str = ""
    otlp_ratio: float = 1.0
    alarm_email: str = ""
    alarm_cost_usd: float = 50.0
    lambda_concurrency: int = 1000
    """Of whom alarms tell, and from what on; where spans are sent to."""
    upload_origins: tuple[str, ...] = ("*",)
    """Origins of pages that may call the API and upload files; requests carry keys or signatures, no cookies."""
    requests_per_s: int = 50
    burst: int = 100
    log_days: int = 30
    gpu_instances: str = "g6.xlarge,g5.xlarge"
    """Instance types for GPU workers, cheapest first. No g4dn: the models compute in bf16, which its GPU has not."""
    cpu_instances: str = "r7i.large,r6i.large,m7i.xlarge"
    """The same for CPU workers: a worker takes 8 GiB, which a machine of 8 GiB does not have to give."""
    bytecode_python: str = ""
    """A Python of the Lambdas' version on the machine that deploys, whose bytecode goes along; empty: none does."""
    image_weights: str = ""
    """Folder of weights to put into the GPU workers' image; empty: they fetch them from where `weights` says."""

    @property
    def prefix(self) -> str:
        """Beginning of every stack's name."""
        return f"Patchbay-{self.name}"

    def named(self, what: str) -> str:
        """Name of a resource that others must know before it exists."""
        return f"patchbay-{self.name}-{what}"

    @property
    def backends(self) -> Backends:
        """What keeps the machines of each queued class."""
        return backends.parse(self.launcher)

    def kept_by(self, backend: Backend) -> tuple[Compute, ...]:
        """The queued classes whose machines a backend keeps."""
        return tuple(each for each in QUEUED if self.backends[each.name] == backend)

    def instances(self, gpu: bool) -> tuple[str, ...]:
        """Instance types for workers with or without a GPU."""
        told = self.gpu_instances if gpu else self.cpu_instances
        return tuple(name.strip() for name in told.split(",") if name.strip())

    @property
    def weights_elsewhere(self) -> tuple[str, str] | None:
        """Bucket of the weights and what their keys begin with; None for the stack's own bucket."""
        return _place(self.weights)

    @property
    def library(self) -> tuple[str, str] | None:
        """Bucket of the operator's own recordings and what their keys begin with; None where there are none."""
        return _place(self.audio_library)


def _place(location: str) -> tuple[str, str] | None:
    """(bucket, beginning of keys) of an `s3://` location; None for what is none."""
    found = _BUCKET_PLACE.fullmatch(location)
    if found is None:
        return None
    prefix = (found[2] or "").strip("/")
    return found[1], f"{prefix}/" if prefix else ""


_STAGES: dict[str, Stage] = {
    s.name: s
    for s in (
        Stage(
            name="twin",
            emulated=True,
            launcher="none",
            gateway_logs_role=False,
            public_url="https://localhost:8484",
            allow_private_urls=True,
            requests_per_s=1000,
            burst=2000,
            # One person's tests and loads come from one address, and to one machine of his own.
            rate_limit_scale=100.0,
            quota_files=0,
            quota_gb=0,
            quota_jobs=0,
        ),
        Stage(name="dev", max_workers=2, retention_days=7, log_days=7),
        Stage(name="prod", durable=True, own_key=True, max_workers=8, requests_per_s=200, burst=400, log_days=90),
    )
}

_FROM_ENVIRONMENT = (
    "models", "allow_research_weights", "weights", "public_url", "launcher", "max_workers", "uploads_kept_days",
    "rate_limit_scale", "credits_standard", "credits_premium", "quota_files", "quota_gb", "quota_jobs",
    "quota_premium", "budget_standard", "budget_premium", "budget_daily_standard", "budget_daily_premium", "prices",
    "price_scale", "machine_price", "verify_email", "mail_from", "secrets", "secrets_before", "vault_key",
    "spotify_client_id", "spotify_client_secret", "spotify_api_url", "spotify_accounts_url", "lalalai_url",
    "audio_providers", "audio_library",
    "otlp_endpoint", "otlp_ratio", "alarm_email", "alarm_cost_usd", "lambda_concurrency",
    "spot_patience_s", "idle_s", "warm",
    "gpu_instances", "cpu_instances", "bytecode_python", "image_weights", "own_key", "private_workers",
    "domain", "certificate", "hosted_zone", "web_acl", "waf_requests", "front_objects", "ingest_min", "ingest_max",
    "gateway_logs_role",
)  # fmt: skip
"""Settings that an operator may give as `PATCHBAY_...` when the templates are made."""


def stage(name: str, env: Mapping[str, str]) -> Stage:
    """The stage of that name, with what the environment overrides. Raises ValueError that says what is wrong."""
    if name not in _STAGES:
        raise ValueError(f"there is no stage {name!r}; known are {', '.join(_STAGES)}")
    # The settings' own reader checks and converts the texts, just as in the processes that read them later.
    wanted = {PREFIX + field.upper(): field for field in _FROM_ENVIRONMENT}
    given = [field for variable, field in wanted.items() if env.get(variable, "").strip()]
    checked = from_env({variable: env[variable] for variable, field in wanted.items() if field in given})
    chosen = replace(_STAGES[name], **{field: getattr(checked, field) for field in given})
    if chosen.emulated and (chosen.own_key or chosen.private_workers):
        raise ValueError(f"{PREFIX}OWN_KEY and {PREFIX}PRIVATE_WORKERS are for stages in the cloud, not for the twin")
    if chosen.emulated and set(chosen.backends.values()) != {"none"}:
        raise ValueError("the twin keeps its own workers; its launcher is 'none'")
    if not chosen.emulated and (chosen.vault_key or chosen.spotify_client_secret):
        told = f"{PREFIX}VAULT_KEY and {PREFIX}SPOTIFY_CLIENT_SECRET are for the twin"
        raise ValueError(f"{told}; for {name} put them into the secret that {PREFIX}SECRETS names")
    chosen = _fronted(chosen)
    if chosen.audio_library and chosen.library is None:
        wanted_form = "an s3:// location (s3://bucket or s3://bucket/prefix)"
        raise ValueError(f"{PREFIX}AUDIO_LIBRARY must be {wanted_form}, not {chosen.audio_library!r}")
    if chosen.image_weights and not Path(chosen.image_weights).is_dir():
        raise ValueError(f"{PREFIX}IMAGE_WEIGHTS must be a folder of this machine, not {chosen.image_weights!r}")
    _check_secrets(chosen, env)
    if not chosen.emulated and chosen.weights and chosen.weights_elsewhere is None:
        # A folder would be one of the machine that makes the templates; workers are on others.
        wanted_form = "an s3:// location (s3://bucket or s3://bucket/prefix)"
        raise ValueError(f"{PREFIX}WEIGHTS must be {wanted_form} for a stage in the cloud, not {chosen.weights!r}")
    return replace(chosen, objects_url=chosen.public_url) if chosen.emulated else chosen


def _check_secrets(chosen: Stage, env: Mapping[str, str]) -> None:
    """Raises ValueError for secrets that are not where, or not named as, a deployment finds them."""
    for setting, name in (("SECRETS", chosen.secrets), ("SECRETS_BEFORE", chosen.secrets_before)):
        if name and not _SECRET_NAME.fullmatch(name):
            raise ValueError(f"{PREFIX}{setting} must be the name of a secret, not {name!r}")
    if not chosen.emulated and env.get(f"{PREFIX}DOOR_SECRET", "").strip():
        way = f"put door_secret into the secret that {PREFIX}SECRETS names (openssl rand -hex 32)"
        raise ValueError(f"{PREFIX}DOOR_SECRET is read by no deployment: templates hold no secrets; {way}")
    if chosen.secrets_before and chosen.secrets_before == chosen.secrets:
        raise ValueError(f"{PREFIX}SECRETS_BEFORE names the secret before {PREFIX}SECRETS, not the same one")
    if chosen.secrets_before and not chosen.secrets:
        raise ValueError(f"{PREFIX}SECRETS_BEFORE is of use with {PREFIX}SECRETS only; set that to the new one")


def _fronted(chosen: Stage) -> Stage:
    """The stage, known by its own name where it has one. Raises ValueError for settings of its front that cannot be."""
    front_settings.check_domain(chosen.domain, chosen.certificate, chosen.hosted_zone)
    front_settings.check_firewall(chosen.web_acl, chosen.waf_requests)
    front_settings.check_ingest(chosen.ingest_min, chosen.ingest_max)
    ours = {"DOMAIN": chosen.domain, "WEB_ACL": chosen.web_acl, "WAF_REQUESTS": chosen.waf_requests}
    ours |= {"FRONT_OBJECTS": chosen.front_objects, "INGEST_MAX": chosen.ingest_max}
    for name, value in ours.items():
        if chosen.emulated and value:
            raise ValueError(f"{PREFIX}{name} is for stages in the cloud; the twin has a front door of its own")
    named = (
        replace(chosen, public_url=f"https://{chosen.domain}") if chosen.domain and not chosen.public_url else chosen
    )
    front_settings.check_objects(named.front_objects, named.public_url)
    return named
