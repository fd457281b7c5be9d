"""Settings of one process: environment variables, typed and checked at start.

Every Lambda, worker and command reads the same names; what a process does not need it need not have.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

PREFIX = "PATCHBAY_"


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
    launcher: Literal["batch", "sagemaker", "none"] = "none"
    batch_queue_gpu: str = ""
    batch_queue_cpu: str = ""
    batch_definition_gpu: str = ""
    batch_definition_cpu: str = ""
    sagemaker_role_arn: str = ""
    sagemaker_image_gpu: str = ""
    sagemaker_image_cpu: str = ""
    max_workers: int = 4
    """Workers of one class that may run at once."""
    max_upload_bytes: int = 5 * 1024**3
    max_duration_s: int = 6 * 3600
    link_ttl_s: int = 3600
    """Seconds that a download link lives."""
    upload_ttl_s: int = 900
    """Seconds that an upload link lives."""
    retention_days: int = 30
    """Days that results are kept."""
    rate_limit_scale: float = 1.0
    """What the dialects' quotas of requests are multiplied with; 0 for no limits."""
    uploads_kept_days: int = 0
    """Days that files are kept for which their owners ask nothing else; 0 for as long as nobody deletes them."""

    @property
    def installed_models(self) -> tuple[str, ...]:
        """The `models` setting, split."""
        return tuple(name.strip() for name in self.models.split(",") if name.strip())


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
