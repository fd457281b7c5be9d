"""What is asked of the settings of a stage's one address, and of the service for large bodies behind it."""

import re

from patchbay.settings import PREFIX

CLOUDFRONT_REGION = "us-east-1"
"""Where CloudFront takes certificates and web ACLs from, wherever the stage itself is (CloudFront Developer Guide)."""
LEAST_WAF_REQUESTS = 10
"""The lowest rate that AWS WAF takes (WAF Developer Guide, "Rate-based rule statement")."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+[a-z]{_LABEL}")
_ZONE = re.compile(r"Z[A-Z0-9]{1,31}")
_ACCOUNT = "[0-9]{12}"
_CERTIFICATE = re.compile(rf"arn:aws[a-z-]*:acm:([a-z0-9-]+):{_ACCOUNT}:certificate/[0-9a-f-]{{36}}")
_WEB_ACL = re.compile(
    rf"arn:aws[a-z-]*:wafv2:([a-z0-9-]+):{_ACCOUNT}:global/webacl/[A-Za-z0-9_-]{{1,128}}/[0-9a-f-]{{36}}"
)


def check_domain(domain: str, certificate: str, hosted_zone: str) -> None:
    """Raises ValueError that names the setting at fault and the way out."""
    if not domain:
        for name, value in (("CERTIFICATE", certificate), ("HOSTED_ZONE", hosted_zone)):
            if value:
                raise ValueError(f"{PREFIX}{name} is of use with {PREFIX}DOMAIN only; set that too")
        return
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{PREFIX}DOMAIN must be a host's name in small letters (music.example.org), not {domain!r}")
    if not certificate and not hosted_zone:
        ways = f"{PREFIX}CERTIFICATE, or {PREFIX}HOSTED_ZONE to have one made"
        raise ValueError(f"{PREFIX}DOMAIN needs a certificate: set {ways}")
    if hosted_zone and not _ZONE.fullmatch(hosted_zone):
        raise ValueError(f"{PREFIX}HOSTED_ZONE must be the id of a zone at Route 53 (Z...), not {hosted_zone!r}")
    if certificate:
        _check_arn("CERTIFICATE", "certificate", _CERTIFICATE, certificate)


def check_firewall(web_acl: str, waf_requests: int) -> None:
    """Raises ValueError that names the setting at fault and the way out."""
    if web_acl and waf_requests:
        raise ValueError(f"{PREFIX}WEB_ACL names a web ACL of your own; set {PREFIX}WAF_REQUESTS to 0, or name none")
    if 0 < waf_requests < LEAST_WAF_REQUESTS:
        raise ValueError(f"{PREFIX}WAF_REQUESTS must be 0 or at least {LEAST_WAF_REQUESTS}, which is as low as it goes")
    if web_acl:
        _check_arn("WEB_ACL", "web ACL of global scope", _WEB_ACL, web_acl)


def check_ingest(least: int, most: int) -> None:
    """Raises ValueError that names the setting at fault and the way out."""
    if most and least > most:
        told = f"{PREFIX}INGEST_MIN is {least} and {PREFIX}INGEST_MAX {most}"
        raise ValueError(f"{told}; set the former to {most} or less")


def check_objects(front_objects: bool, public_url: str) -> None:
    """Raises ValueError that names the setting at fault and the way out."""
    if front_objects and not public_url:
        ways = f"{PREFIX}PUBLIC_URL (an output of the stack Studio) or {PREFIX}DOMAIN"
        raise ValueError(f"{PREFIX}FRONT_OBJECTS needs the address that links shall lead to: set {ways}")


def _check_arn(name: str, what: str, form: re.Pattern[str], value: str) -> None:
    found = form.fullmatch(value)
    if found is None:
        raise ValueError(f"{PREFIX}{name} must be the ARN of a {what}, not {value!r}")
    if found[1] != CLOUDFRONT_REGION:
        where = f"CloudFront takes it from {CLOUDFRONT_REGION} alone, wherever the stage is"
        raise ValueError(f"{PREFIX}{name} is of {found[1]}; {where}: make it there")
