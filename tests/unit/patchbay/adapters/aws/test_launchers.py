from datetime import UTC, datetime

import pytest

from patchbay.adapters.aws.batch_launcher import BatchLauncher
from patchbay.adapters.aws.launchers import ByClass, NoLauncher
from patchbay.adapters.aws.sagemaker_launchers import EndpointLauncher, ProcessingLauncher
from patchbay.bootstrap import Services
from patchbay.settings import from_env
from tests.fakes.queues import FakeLauncher

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_none_launches_nothing() -> None:
    NoLauncher().launch("gpu")
    NoLauncher().keep_warm("gpu", 1, NOW)


def test_each_class_has_its_own() -> None:
    cpu, gpu = FakeLauncher(), FakeLauncher()
    launcher = ByClass({"cpu": cpu, "gpu": gpu})
    launcher.launch("gpu")
    launcher.keep_warm("cpu", 2, NOW)
    assert (cpu.launched, gpu.launched) == ([], ["gpu"])
    assert (cpu.kept, gpu.kept) == ([("cpu", 2, NOW)], [])


@pytest.mark.parametrize(
    ("told", "cpu", "gpu"),
    [
        ("", NoLauncher, NoLauncher),
        ("batch", BatchLauncher, BatchLauncher),
        ("batch,gpu=sagemaker-endpoint", BatchLauncher, EndpointLauncher),
        ("none,gpu=sagemaker", NoLauncher, ProcessingLauncher),
    ],
)
def test_the_setting_says_which(told: str, cpu: type, gpu: type) -> None:
    launcher = Services(from_env({"PATCHBAY_LAUNCHER": told})).launcher
    assert isinstance(launcher, ByClass)
    assert {name: type(one) for name, one in launcher.of.items()} == {"cpu": cpu, "gpu": gpu}
