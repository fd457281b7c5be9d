from pathlib import Path

import pytest

from infra.stage import stage
from patchbay.catalog.backends import BACKENDS


def test_an_unknown_stage_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="'staging'; known are twin, dev, prod"):
        stage("staging", {})


def test_only_prod_is_durable_and_only_the_twin_is_emulated() -> None:
    assert [stage(name, {}).durable for name in ("twin", "dev", "prod")] == [False, False, True]
    assert [stage(name, {}).emulated for name in ("twin", "dev", "prod")] == [True, False, False]


def test_the_environment_overrides() -> None:
    env = {"PATCHBAY_MODELS": "htdemucs", "PATCHBAY_ALLOW_RESEARCH_WEIGHTS": "true", "PATCHBAY_MAX_WORKERS": "9"}
    chosen = stage("prod", env)
    assert (chosen.models, chosen.allow_research_weights, chosen.max_workers) == ("htdemucs", True, 9)


def test_what_is_empty_overrides_nothing() -> None:
    assert stage("prod", {"PATCHBAY_PUBLIC_URL": " "}) == stage("prod", {})


def test_a_bad_value_is_refused_and_named() -> None:
    with pytest.raises(ValueError, match="PATCHBAY_MAX_WORKERS"):
        stage("prod", {"PATCHBAY_MAX_WORKERS": "many"})


def test_objects_of_the_twin_are_behind_its_own_door() -> None:
    chosen = stage("twin", {"PATCHBAY_PUBLIC_URL": "https://localhost:9000"})
    assert chosen.public_url == chosen.objects_url == "https://localhost:9000"
    assert stage("dev", {"PATCHBAY_PUBLIC_URL": "https://api.example.com"}).objects_url == ""


def test_weights_of_the_cloud_are_in_a_bucket() -> None:
    assert stage("prod", {"PATCHBAY_WEIGHTS": "s3://mine/models"}).weights == "s3://mine/models"
    with pytest.raises(ValueError, match="PATCHBAY_WEIGHTS must be an s3://"):
        stage("prod", {"PATCHBAY_WEIGHTS": "/home/me/weights"})
    assert stage("twin", {"PATCHBAY_WEIGHTS": "/home/me/weights"}).weights == "/home/me/weights"


def test_the_twin_starts_no_machines() -> None:
    with pytest.raises(ValueError, match="the twin keeps its own workers"):
        stage("twin", {"PATCHBAY_LAUNCHER": "batch"})


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("", None),
        ("s3://our-models", ("our-models", "")),
        ("s3://our-models/", ("our-models", "")),
        ("s3://our-models/separation/v1", ("our-models", "separation/v1/")),
        ("s3://our-models/separation/v1/", ("our-models", "separation/v1/")),
    ],
)
def test_weights_may_lie_in_another_bucket(told: str, place: tuple[str, str] | None) -> None:
    assert stage("prod", {"PATCHBAY_WEIGHTS": told}).weights_elsewhere == place


@pytest.mark.parametrize(
    "told", ["models", "https://example.com/m", "s3://", "s3:///m", "s3://Models", "s3://models/*"]
)
def test_weights_that_are_no_place_in_a_bucket_are_refused(told: str) -> None:
    with pytest.raises(ValueError, match="PATCHBAY_WEIGHTS"):
        stage("dev", {"PATCHBAY_WEIGHTS": told})


def test_names_tell_the_stage() -> None:
    assert stage("dev", {}).prefix == "Patchbay-dev"
    assert stage("dev", {}).named("jobs") == "patchbay-dev-jobs"


def test_classes_may_have_machines_of_different_kinds() -> None:
    chosen = stage("prod", {"PATCHBAY_LAUNCHER": "batch,gpu=sagemaker-endpoint"})
    assert chosen.backends == {"cpu": "batch", "gpu": "sagemaker-endpoint"}
    kept = {backend: [each.name for each in chosen.kept_by(backend)] for backend in BACKENDS}
    assert kept == {"batch": ["cpu"], "sagemaker": [], "sagemaker-endpoint": ["gpu"], "none": []}
    with pytest.raises(ValueError, match=r"PATCHBAY_LAUNCHER: .*no class 'tpu'"):
        stage("prod", {"PATCHBAY_LAUNCHER": "batch,tpu=none"})
    with pytest.raises(ValueError, match="the twin keeps its own workers"):
        stage("twin", {"PATCHBAY_LAUNCHER": "none,gpu=batch"})


def test_instance_types_are_the_operators_to_name() -> None:
    assert stage("prod", {}).instances(gpu=True) == ("g6.xlarge", "g5.xlarge")
    chosen = stage("prod", {"PATCHBAY_GPU_INSTANCES": "g6e.xlarge, p5.4xlarge"})
    assert chosen.instances(gpu=True) == ("g6e.xlarge", "p5.4xlarge")
    assert chosen.instances(gpu=False) == stage("prod", {}).instances(gpu=False)
    for told in ("large", "g6.xlarge;rm", "g6.xlarge g5.xlarge"):
        with pytest.raises(ValueError, match=r"PATCHBAY_CPU_INSTANCES: .* is no instance type"):
            stage("prod", {"PATCHBAY_CPU_INSTANCES": told})


def test_weights_for_the_image_are_a_folder_of_this_machine(tmp_path: Path) -> None:
    assert stage("prod", {"PATCHBAY_IMAGE_WEIGHTS": str(tmp_path)}).image_weights == str(tmp_path)
    with pytest.raises(ValueError, match="PATCHBAY_IMAGE_WEIGHTS must be a folder"):
        stage("prod", {"PATCHBAY_IMAGE_WEIGHTS": str(tmp_path / "none")})


def test_how_workers_wait_and_stay_is_checked_when_templates_are_made() -> None:
    chosen = stage("prod", {"PATCHBAY_IDLE_S": "600", "PATCHBAY_SPOT_PATIENCE_S": "0", "PATCHBAY_WARM": "gpu=1@7-19"})
    assert (chosen.idle_s, chosen.spot_patience_s, chosen.warm) == (600, 0, "gpu=1@7-19")
    for name, told in (("IDLE_S", "1"), ("SPOT_PATIENCE_S", "-1"), ("WARM", "gpu=one")):
        with pytest.raises(ValueError, match=f"PATCHBAY_{name}"):
            stage("prod", {f"PATCHBAY_{name}": told})
