"""Environment variables of a process, checked against the settings that will read them."""

from infra.stage import Stage
from patchbay.settings import PREFIX, Settings


def variables(**given: str | float | bool) -> dict[str, str]:
    """`table="t"` becomes `PATCHBAY_TABLE=t`. Raises ValueError for a setting that nothing would read."""
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        raise ValueError(f"no such settings: {', '.join(unknown)}")
    return {PREFIX + name.upper(): _text(value) for name, value in given.items() if value != ""}


def of_stage(stage: Stage) -> dict[str, str]:
    """What every process of a stage is told."""
    ours = variables(
        stage=stage.name,
        models=stage.models,
        allow_research_weights=stage.allow_research_weights,
        public_url=stage.public_url,
        objects_url=stage.objects_url,
        allow_private_urls=stage.allow_private_urls,
        launcher=stage.launcher,
        max_workers=stage.max_workers,
        retention_days=stage.retention_days,
        uploads_kept_days=stage.uploads_kept_days,
        rate_limit_scale=stage.rate_limit_scale,
    )
    return {**ours, "POWERTOOLS_SERVICE_NAME": "patchbay", "POWERTOOLS_METRICS_NAMESPACE": "Patchbay"}


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
