"""What CloudFront puts on answers: for pages what they are held to, for all others what keeps browsers from harm."""

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from infra.constructs.studio_headers import headers

_OF_CLOUDFRONT = {"content-security-policy", "strict-transport-security", "referrer-policy", "x-content-type-options"}
"""Headers that a policy of CloudFront's has a place of its own for."""
NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""What may be loaded by an answer that is no page: the API says so itself, of all but its documents."""
HARMLESS = "default-src 'none'; sandbox"
"""The same of what somebody uploaded: opened under the studio's own address it runs nothing."""


def of_pages(scope: Construct, name: str, caching: str, media: str) -> cloudfront.ResponseHeadersPolicy:
    """Of the studio's files, as the twin gives them."""
    told = {**headers(media), "cache-control": caching}
    own = {header: value for header, value in told.items() if header not in _OF_CLOUDFRONT}
    return _policy(scope, f"{name}Headers", told["content-security-policy"], own, override=True)


def of_answers(scope: Construct) -> cloudfront.ResponseHeadersPolicy:
    """Of the API, where it says nothing else: those answers that API Gateway or a load balancer gives in its place."""
    return _policy(scope, "ApiHeaders", NOTHING, {}, override=False)


def of_objects(scope: Construct) -> cloudfront.ResponseHeadersPolicy:
    """Of uploads and results."""
    return _policy(scope, "ObjectHeaders", HARMLESS, {"cache-control": "private, no-store"}, override=True)


def _policy(
    scope: Construct, name: str, content: str, own: dict[str, str], *, override: bool
) -> cloudfront.ResponseHeadersPolicy:
    custom = [
        cloudfront.ResponseCustomHeader(header=header, value=value, override=True) for header, value in own.items()
    ]
    return cloudfront.ResponseHeadersPolicy(
        scope,
        name,
        custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(custom_headers=custom) if custom else None,
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                content_security_policy=content, override=override
            ),
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=override),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=override
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=Duration.days(365), include_subdomains=True, override=override
            ),
        ),
    )
