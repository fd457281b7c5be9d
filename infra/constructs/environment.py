"""Environment variables of a process, checked against the settings that will read them."""

from infra.stage import Stage
from patchbay.settings import PREFIX, Settings

ACCOUNTS = ("spotify_client_id", "spotify_client_secret", "vault_key")


def variables(**given: str | float | bool) -> dict[str, str]:
    """`table="t"` becomes `PATCHBAY_TABLE=t`. Raises ValueError for a setting that nothing would read."""
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        raise ValueError(f"no such settings: {', '.join(unknown)}")
    return {PREFIX + name.upper(): _text(value) for name, value in given.items() if value != ""}


def of_stage(stage: Stage) -> dict[str, str]:
    """What every process of a stage is told."""
    return variables(
        stage=stage.name,
        models=stage.models,
        allow_research_weights=stage.allow_research_weights,
        public_url=stage.public_url,
        objects_url=stage.objects_url,
        allow_private_urls=stage.allow_private_urls,
        front_objects=stage.front_objects,
        ingest_max=stage.ingest_max,
        launcher=stage.launcher,
        max_workers=stage.max_workers,
        spot_patience_s=stage.spot_patience_s,
        idle_s=stage.idle_s,
        warm=stage.warm,
        retention_days=stage.retention_days,
        uploads_kept_days=stage.uploads_kept_days,
        rate_limit_scale=stage.rate_limit_scale,
        tries_scale=100.0 if stage.emulated else "",
        quota_files=stage.quota_files,
        quota_gb=stage.quota_gb,
        quota_jobs=stage.quota_jobs,
        quota_premium=stage.quota_premium,
        budget_standard=stage.budget_standard,
        budget_premium=stage.budget_premium,
        budget_daily_standard=stage.budget_daily_standard,
        budget_daily_premium=stage.budget_daily_premium,
        prices=stage.prices,
        price_scale=stage.price_scale,
        machine_price=stage.machine_price,
        verify_email=stage.verify_email,
        mail_from=stage.mail_from,
        otlp_endpoint=stage.otlp_endpoint,
        otlp_ratio=stage.otlp_ratio if stage.otlp_endpoint else "",
        credits_standard=stage.credits_standard,
        credits_premium=stage.credits_premium,
        lalalai_url=stage.lalalai_url,
    )


def of_accounts(stage: Stage) -> dict[str, str]:
    """Where songs come from; in the twin also what speaks for people there, which `of_secrets` names in the cloud."""
    audio = variables(audio_providers=stage.audio_providers, audio_library=stage.audio_library)
    if stage.emulated:
        told = {name: getattr(stage, name) for name in (*ACCOUNTS, "spotify_api_url", "spotify_accounts_url")}
        return {**audio, **variables(**told)}
    return audio


def of_secrets(stage: Stage) -> dict[str, str]:
    """The operator's secrets, in the cloud by name: who reads a function's variables should learn none."""
    return variables(vault_key=stage.vault_key) if stage.emulated else variables(secrets=stage.secrets)


def of_door(stage: Stage) -> dict[str, str]:
    """The same of those whom the door's secret of before is good for too, beside `of_secrets`."""
    return {} if stage.emulated else variables(secrets_before=stage.secrets_before)


def door(stage: Stage) -> str:
    """What the stage's one address says of itself to the API; empty in the twin, and where the operator has none.

    CloudFront cannot ask for a secret, so that its header holds this one, by a reference that the deployment follows.
    """
    return "" if stage.emulated else _door_secret(stage.secrets)


def doors(stage: Stage) -> list[str]:
    """What is taken for that: the same, and what it said before, for as long as some of it still does."""
    return [told for told in (door(stage), _door_secret(stage.secrets_before)) if told]


def _door_secret(name: str) -> str:
    """A reference that CloudFormation follows at the deployment, so that no template holds the secret itself."""
    return f"{{{{resolve:secretsmanager:{name}:SecretString:door_secret}}}}" if name else ""


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
