"""What a stage's parts cost: list prices of us-east-1 in US dollars, without free tiers, discounts or taxes.

An operator elsewhere, or with prices of his own, overrides them: `PATCHBAY_PRICES`, a JSON object of names and dollars,
and `PATCHBAY_PRICE_SCALE` for all that it does not name.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from patchbay.domain.tasks import ComputeClass

REGION = "us-east-1"
READ = "2026"
"""When the prices were read."""
HOURS_A_MONTH = 730
MOST_USD = 100_000.0
Market = Literal["on-demand", "spot", "sagemaker"]
"""Terms on which machines are had."""


@dataclass(frozen=True, slots=True)
class Price:
    """One list price."""

    name: str
    usd: float
    unit: str
    source: str
    """Page of Amazon's that tells it."""


_EC2, _SPOT = "aws.amazon.com/ec2/pricing/on-demand", "aws.amazon.com/ec2/spot/pricing"
_SAGEMAKER = "aws.amazon.com/sagemaker/ai/pricing"
_LAMBDA, _API = "aws.amazon.com/lambda/pricing", "aws.amazon.com/api-gateway/pricing"
_TABLE, _S3 = "aws.amazon.com/dynamodb/pricing/on-demand", "aws.amazon.com/s3/pricing"
_STEPS, _SQS = "aws.amazon.com/step-functions/pricing", "aws.amazon.com/sqs/pricing"
_BUS, _WATCH = "aws.amazon.com/eventbridge/pricing", "aws.amazon.com/cloudwatch/pricing"
_EDGE, _WAF = "aws.amazon.com/cloudfront/pricing", "aws.amazon.com/waf/pricing"
_ALB, _FARGATE = "aws.amazon.com/elasticloadbalancing/pricing", "aws.amazon.com/fargate/pricing"
_VPC, _EBS = "aws.amazon.com/vpc/pricing", "aws.amazon.com/ebs/pricing"
_MILLION = 1e-6
_GB_MONTH, _HOUR, _MONTH = "GB-month", "hour", "month"

PRICES: Mapping[str, Price] = {
    price.name: price
    for price in (
        # r7i.large, ml.m5.xlarge; g6.xlarge (one L4), ml.g5.xlarge. Spot moves by the hour: what is typical.
        Price("machine.cpu.on-demand", 0.1323, _HOUR, _EC2),
        Price("machine.cpu.spot", 0.053, _HOUR, _SPOT),
        Price("machine.cpu.sagemaker", 0.23, _HOUR, _SAGEMAKER),
        Price("machine.gpu.on-demand", 0.8048, _HOUR, _EC2),
        Price("machine.gpu.spot", 0.322, _HOUR, _SPOT),
        Price("machine.gpu.sagemaker", 1.408, _HOUR, _SAGEMAKER),
        Price("lambda.gb_s", 0.0000133334, "GB-second (arm64)", _LAMBDA),
        Price("lambda.request", 0.20 * _MILLION, "request", _LAMBDA),
        Price("api.request", 1.00 * _MILLION, "request (HTTP API)", _API),
        Price("api.socket_message", 1.00 * _MILLION, "message (WebSocket API)", _API),
        Price("dynamodb.write", 0.625 * _MILLION, "write unit (1 KB; two in a transaction)", _TABLE),
        Price("dynamodb.read", 0.125 * _MILLION, "read unit (4 KB)", _TABLE),
        Price("dynamodb.gb_month", 0.25, _GB_MONTH, _TABLE),
        Price("dynamodb.backup_gb_month", 0.20, "GB-month (point-in-time recovery)", _TABLE),
        Price("s3.put", 0.005e-3, "PUT, POST or LIST", _S3),
        Price("s3.get", 0.0004e-3, "GET", _S3),
        Price("s3.gb_month", 0.023, _GB_MONTH, _S3),
        Price("internet.gb", 0.09, "GB out of the region, past CloudFront", _S3),
        Price("states.transition", 0.025e-3, "state transition", _STEPS),
        Price("sqs.request", 0.40 * _MILLION, "request", _SQS),
        Price("events.event", 1.00 * _MILLION, "event on a bus of one's own", _BUS),
        Price("logs.gb", 0.50, "GB taken in", _WATCH),
        Price("logs.gb_month", 0.03, _GB_MONTH, _WATCH),
        Price("watch.alarm_month", 0.10, _MONTH, _WATCH),
        Price("watch.metric_month", 0.30, "metric of one's own, month", _WATCH),
        Price("watch.dashboard_month", 3.00, _MONTH, _WATCH),
        Price("cloudfront.request", 1.00 * _MILLION, "HTTPS request", _EDGE),
        Price("cloudfront.gb", 0.085, "GB to North America or Europe", _EDGE),
        Price("waf.acl_month", 5.00, _MONTH, _WAF),
        Price("waf.rule_month", 1.00, _MONTH, _WAF),
        Price("waf.request", 0.60 * _MILLION, "request", _WAF),
        Price("alb.hour", 0.0225, _HOUR, _ALB),
        Price("alb.unit_hour", 0.008, "capacity unit, hour", _ALB),
        Price("fargate.vcpu_hour", 0.03238, "vCPU-hour (arm64)", _FARGATE),
        Price("fargate.gb_hour", 0.00356, "GB-hour (arm64)", _FARGATE),
        Price("vpc.address_hour", 0.005, "public IPv4 address, hour", _VPC),
        Price("vpc.endpoint_hour", 0.01, "interface endpoint in one zone, hour", "aws.amazon.com/privatelink/pricing"),
        Price("ecr.gb_month", 0.10, _GB_MONTH, "aws.amazon.com/ecr/pricing"),
        Price("ebs.gb_month", 0.08, "GB-month (gp3)", _EBS),
        Price("kms.key_month", 1.00, _MONTH, "aws.amazon.com/kms/pricing"),
        Price("secret.month", 0.40, _MONTH, "aws.amazon.com/secrets-manager/pricing"),
    )
}


@dataclass(frozen=True, slots=True)
class Prices:
    """What one stage pays."""

    own: Mapping[str, float] = field(default_factory=dict)
    """Name -> dollars, in place of the list price."""
    scale: float = 1.0
    """What list prices are multiplied with: those of another region, or a discount."""

    def usd(self, name: str) -> float:
        """Dollars for one unit. Raises KeyError for a name that there is not."""
        return self.own[name] if name in self.own else PRICES[name].usd * self.scale

    def machine_usd_per_hour(self, compute: ComputeClass, market: Market) -> float:
        """Dollars for an hour of a class's machine; of `light`, an hour of a Lambda with a gigabyte."""
        if compute == "light":
            return self.usd("lambda.gb_s") * 3600
        return self.usd(f"machine.{compute}.{market}")


def parse(text: str) -> dict[str, float]:
    """An operator's own prices. Raises ValueError that names the one at fault and the way out."""
    if not text.strip():
        return {}
    try:
        told = dict(json.loads(text).items())
    except (ValueError, AttributeError, RecursionError):
        raise ValueError('must be a JSON object of prices, such as {"machine.gpu.spot": 0.29}') from None
    for name, usd in told.items():
        if name not in PRICES:
            raise ValueError(f"there is no price {name!r}; there are: {', '.join(PRICES)}")
        number = isinstance(usd, int | float) and not isinstance(usd, bool)
        if not number or not math.isfinite(usd) or not 0 <= usd <= MOST_USD:
            raise ValueError(f"the price {name!r} must be 0 to {MOST_USD:.0f} US dollars, not {usd!r}")
    return {name: float(usd) for name, usd in told.items()}
