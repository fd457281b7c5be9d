"""Prices: all there, overridable, and no text makes nonsense of them."""

import json
import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.catalog.compute import CLASSES, QUEUED
from patchbay.catalog.prices import MOST_USD, PRICES, Market, Prices, parse


def test_every_price_says_of_what_it_is_and_who_tells_it() -> None:
    for name, price in PRICES.items():
        assert price.name == name
        assert 0 < price.usd < 10, name
        assert price.unit, name
        assert price.source.startswith("aws.amazon.com/"), name


@pytest.mark.parametrize("compute", QUEUED, ids=lambda each: each.name)
def test_every_class_has_a_price_on_all_terms(compute: object) -> None:
    usd = {market: Prices().machine_usd_per_hour(compute.name, market) for market in get_args(Market)}  # type: ignore[attr-defined]
    assert usd["spot"] < usd["on-demand"] < usd["sagemaker"]


def test_a_lambda_is_paid_by_its_gigabyte() -> None:
    assert CLASSES["light"].memory_mib == 1024
    assert Prices().machine_usd_per_hour("light", "spot") == pytest.approx(0.048, rel=1e-4)


def test_an_operator_has_prices_of_his_own() -> None:
    own = Prices(parse('{"machine.gpu.spot": 0.25, "s3.put": 0}'), scale=1.2)
    assert own.usd("machine.gpu.spot") == 0.25
    assert own.usd("s3.put") == 0.0
    assert own.usd("machine.gpu.on-demand") == pytest.approx(1.2 * PRICES["machine.gpu.on-demand"].usd)
    with pytest.raises(KeyError):
        own.usd("machine.gpu")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "JSON object of prices"),
        ("[1]", "JSON object of prices"),
        ("null", "JSON object of prices"),
        ("[" * 100_000, "JSON object of prices"),
        ('{"gpu": 1}', "there is no price 'gpu'; there are: machine.cpu.on-demand"),
        ('{"s3.put": "1"}', "the price 's3.put' must be 0 to 100000 US dollars, not '1'"),
        ('{"s3.put": true}', "'s3.put'"),
        ('{"s3.put": -1}', "'s3.put'"),
        ('{"s3.put": NaN}', "'s3.put'"),
        ('{"s3.put": Infinity}', "'s3.put'"),
        ('{"s3.put": 1e6}', "'s3.put'"),
    ],
)
def test_what_are_no_prices(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text)


def test_nothing_given_is_nothing_changed() -> None:
    assert parse("") == parse(" ") == parse("{}") == {}


@given(st.dictionaries(st.sampled_from(sorted(PRICES)), st.floats(0, MOST_USD)))
def test_what_is_given_is_what_is_paid(own: dict[str, float]) -> None:
    made = Prices(parse(json.dumps(own)), scale=2.0)
    for name, price in PRICES.items():
        assert math.isclose(made.usd(name), own.get(name, 2 * price.usd))
