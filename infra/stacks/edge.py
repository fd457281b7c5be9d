"""What CloudFront takes from one region alone, wherever the stage is: its web ACL, and a certificate made here.

Only in stages that ask for either. The front reads the outputs when it is deployed, across regions; so one deployment
of all stacks does.
"""

import json
from typing import Any

from aws_cdk import CfnOutput, Environment, Fn, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.front_settings import CLOUDFRONT_REGION
from infra.stage import Stage

WINDOW_S = 300
"""Over which requests of one address are counted."""
REFUSED, BODY = 429, "refused"
WEB_ACL, CERTIFICATE = "WebAclArn", "CertificateArn"
_COUNTED = (
    # A request's first bytes are looked at by these: audio, and JSON with addresses in it, is not what they know.
    *("SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericLFI_BODY", "GenericRFI_BODY", "EC2MetaDataSSRF_BODY"),
    # Links to objects are signed, and longer than what this takes for a query.
    "SizeRestrictions_QUERYSTRING",
    # Sign-ins that come back to a program on the asker's own machine name its address.
    *("GenericRFI_QUERYARGUMENTS", "EC2MetaDataSSRF_QUERYARGUMENTS"),
    # Programs that do not say what they are.
    "NoUserAgent_HEADER",
)
"""Rules of the managed group that count and do not refuse."""


def wanted(stage: Stage) -> bool:
    """Whether a stage has this stack."""
    return bool(stage.waf_requests) or _certified(stage)


def web_acl(stage: Stage) -> str:
    """ARN of the web ACL of a stage's front, as the deployment finds it; empty where it has none."""
    return stage.web_acl or (_output(stage, WEB_ACL) if stage.waf_requests else "")


def certificate(stage: Stage) -> str:
    """The same of its certificate."""
    return stage.certificate or (_output(stage, CERTIFICATE) if _certified(stage) else "")


class EdgeStack(Stack):
    """The web ACL, and the certificate."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, env=Environment(region=CLOUDFRONT_REGION), **kwargs)
        self.stage = stage
        if stage.waf_requests:
            CfnOutput(self, WEB_ACL, value=self._web_acl().attr_arn)
        if _certified(stage):
            CfnOutput(self, CERTIFICATE, value=self._certificate().certificate_arn)

    def _certificate(self) -> acm.Certificate:
        """Made and renewed by AWS, which looks for its proof in the zone."""
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=self.stage.hosted_zone, zone_name=self.stage.domain
        )
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=self.stage.domain,
            validation=acm.CertificateValidation.from_dns(zone),
        )

    def _web_acl(self) -> wafv2.CfnWebACL:
        """Rules in their order: too many requests of one address, addresses of bad repute, known attacks."""
        return wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="CLOUDFRONT",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            custom_response_bodies={
                BODY: wafv2.CfnWebACL.CustomResponseBodyProperty(
                    content=json.dumps({"message": "too many requests from your address; try again in a few minutes"}),
                    content_type="APPLICATION_JSON",
                )
            },
            rules=[
                self._rate(0),
                self._managed(1, "AWSManagedRulesAmazonIpReputationList"),
                self._managed(2, "AWSManagedRulesCommonRuleSet", counted=_COUNTED),
            ],
            visibility_config=_visible("WebAcl"),
            description=f"Patchbay {self.stage.name}",
        )

    def _rate(self, priority: int) -> wafv2.CfnWebACL.RuleProperty:
        retry = wafv2.CfnWebACL.CustomHTTPHeaderProperty(name="retry-after", value=str(WINDOW_S))
        answer = wafv2.CfnWebACL.CustomResponseProperty(
            response_code=REFUSED, custom_response_body_key=BODY, response_headers=[retry]
        )
        return wafv2.CfnWebACL.RuleProperty(
            name="Rate",
            priority=priority,
            statement=wafv2.CfnWebACL.StatementProperty(
                rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                    limit=self.stage.waf_requests, aggregate_key_type="IP", evaluation_window_sec=WINDOW_S
                )
            ),
            action=wafv2.CfnWebACL.RuleActionProperty(
                block=wafv2.CfnWebACL.BlockActionProperty(custom_response=answer)
            ),
            visibility_config=_visible("Rate"),
        )

    def _managed(self, priority: int, name: str, *, counted: tuple[str, ...] = ()) -> wafv2.CfnWebACL.RuleProperty:
        """A group of rules that AWS keeps up to date."""
        count = wafv2.CfnWebACL.RuleActionProperty(count={})
        overrides = [wafv2.CfnWebACL.RuleActionOverrideProperty(name=each, action_to_use=count) for each in counted]
        return wafv2.CfnWebACL.RuleProperty(
            name=name,
            priority=priority,
            statement=wafv2.CfnWebACL.StatementProperty(
                managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                    vendor_name="AWS", name=name, rule_action_overrides=overrides or None
                )
            ),
            override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
            visibility_config=_visible(name),
        )


def _certified(stage: Stage) -> bool:
    return bool(stage.domain and stage.hosted_zone and not stage.certificate)


def _output(stage: Stage, name: str) -> str:
    return Fn.get_stack_output(f"{stage.prefix}-Edge", name, CLOUDFRONT_REGION)


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
