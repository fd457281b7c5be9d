"""What a stage's settings make of prices and budgets."""

from patchbay.bootstrap import Services
from patchbay.catalog.prices import PRICES
from patchbay.domain.budgets import Budget
from patchbay.settings import Settings


def test_machines_are_counted_at_the_price_that_the_operator_says() -> None:
    usual = Services(Settings()).rates
    assert usual.usd_per_hour("gpu") == PRICES["machine.gpu.on-demand"].usd
    spot = Services(Settings(machine_price="spot", prices='{"machine.cpu.spot": 0.01}', price_scale=1.5)).rates
    assert spot.usd_per_hour("gpu") == 1.5 * PRICES["machine.gpu.spot"].usd
    assert spot.usd_per_hour("cpu") == 0.01


def test_sagemakers_machines_have_their_own_price() -> None:
    mixed = Services(Settings(launcher="batch,gpu=sagemaker", machine_price="spot")).rates
    assert mixed.usd_per_hour("gpu") == PRICES["machine.gpu.sagemaker"].usd
    assert mixed.usd_per_hour("cpu") == PRICES["machine.cpu.spot"].usd


def test_plans_have_budgets() -> None:
    told = Settings(budget_standard=5, budget_premium=50, budget_daily_premium=10)
    assert Services(told).budgets.defaults == {"standard": Budget(5, 0), "premium": Budget(50, 10)}
