"""What differs between stages, typed. Everything else is the same template everywhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from patchbay.settings import PREFIX, from_env

Launcher = Literal["batch", "sagemaker", "none"]
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
    emulated: bool = False
    """Whether this is the local twin, where Batch, VPC and foreign wheels have no place."""
    launcher: Launcher = "batch"
    models: str = ""
    """Models whose weights lie in the weights bucket, comma-separated."""
    allow_research_weights: bool = False
    weights: str = ""
    """Where the weights are, `s3://bucket[/prefix]`; empty for the stack's own bucket."""
    public_url: str = ""
    objects_url: str = ""
    allow_private_urls: bool = False
    max_workers: int = 4
    retention_days: int = 30
    uploads_kept_days: int = 0
    rate_limit_scale: float = 1.0
    quota_files: int = 10_000
    """What one account may have at once, if it is not of a dearer plan; 0: no bound."""
    quota_gb: int = 100
    quota_jobs: int = 200
    quota_premium: int = 10
    verify_email: bool = False
    mail_from: str = ""
    credits_standard: int = 10_000
    credits_premium: int = 100_000
    secrets: str = ""
    """Name of the secret in Secrets Manager that holds the operator's, as JSON: `vault_key`, `spotify_client_id`,
    `spotify_client_secret`, `door_secret`, all of them, empty where he has none. For a stage in the cloud.
    """
    vault_key: str = ""
    """These themselves are for the twin alone: templates of the cloud hold no secrets."""
    spotify_client_id: str = ""
    spotify_client_secret: str = ""
    spotify_api_url: str = ""
    spotify_accounts_url: str = ""
    audio_providers: str = ""
    audio_library: str = ""
    """Who has the audio of songs, and where the operator's own recordings are, `s3://bucket[/prefix]`."""
    upload_origins: tuple[str, ...] = ("*",)
    """Origins of pages that may call the API and upload files; requests carry keys or signatures, no cookies."""
    requests_per_s: int = 50
    burst: int = 100
    log_days: int = 30
    gpu_instances: tuple[str, ...] = ("g6.xlarge", "g5.xlarge")
    """Instance types for GPU workers, cheapest first."""
    cpu_instances: tuple[str, ...] = ("r7i.large", "r6i.large", "m7i.xlarge")
    """The same for CPU workers: a worker takes 8 GiB, which a machine of 8 GiB does not have to give."""

    @property
    def prefix(self) -> str:
        """Beginning of every stack's name."""
        return f"Patchbay-{self.name}"

    def named(self, what: str) -> str:
        """Name of a resource that others must know before it exists."""
        return f"patchbay-{self.name}-{what}"

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
        Stage(name="prod", durable=True, max_workers=8, requests_per_s=200, burst=400, log_days=90),
    )
}

_FROM_ENVIRONMENT = (
    "models", "allow_research_weights", "weights", "public_url", "launcher", "max_workers", "uploads_kept_days",
    "rate_limit_scale", "credits_standard", "credits_premium", "quota_files", "quota_gb", "quota_jobs",
    "quota_premium", "verify_email", "mail_from", "secrets", "vault_key", "spotify_client_id", "spotify_client_secret",
    "spotify_api_url", "spotify_accounts_url", "audio_providers", "audio_library",
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
    if chosen.emulated and chosen.launcher != "none":
        raise ValueError("the twin keeps its own workers; its launcher is 'none'")
    if not chosen.emulated and (chosen.vault_key or chosen.spotify_client_secret):
        told = f"{PREFIX}VAULT_KEY and {PREFIX}SPOTIFY_CLIENT_SECRET are for the twin"
        raise ValueError(f"{told}; for {name} put them into the secret that {PREFIX}SECRETS names")
    if chosen.audio_library and chosen.library is None:
        wanted_form = "an s3:// location (s3://bucket or s3://bucket/prefix)"
        raise ValueError(f"{PREFIX}AUDIO_LIBRARY must be {wanted_form}, not {chosen.audio_library!r}")
    if chosen.secrets and not _SECRET_NAME.fullmatch(chosen.secrets):
        raise ValueError(f"{PREFIX}SECRETS must be the name of a secret, not {chosen.secrets!r}")
    if not chosen.emulated and chosen.weights and chosen.weights_elsewhere is None:
        # A folder would be one of the machine that makes the templates; workers are on others.
        wanted_form = "an s3:// location (s3://bucket or s3://bucket/prefix)"
        raise ValueError(f"{PREFIX}WEIGHTS must be {wanted_form} for a stage in the cloud, not {chosen.weights!r}")
    return replace(chosen, objects_url=chosen.public_url) if chosen.emulated else chosen
