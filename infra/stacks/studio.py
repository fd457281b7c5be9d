"""The one address of a stage in the cloud: CloudFront before the studio's pages, the HTTP API and the sockets.

The pages are uploaded beside the stack (`StudioUpload` tells how): the construct that would do it brings a Lambda with
rights on all buckets. Which of them may be kept by browsers, and what they are held to, is said here and not there.
"""

from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs import environment
from infra.constructs.acknowledged import acknowledge
from infra.constructs.studio_headers import ASKED_AGAIN, UNCHANGING, headers
from infra.stacks.api import ApiStack
from infra.stacks.data import DataStack
from infra.stacks.sockets import STAGE, SocketStack
from infra.stage import Stage

DOOR_HEADER = "x-patchbay-door"
_AT_THE_EDGE = Path(__file__).with_name("at_the_edge")
_OF_CLOUDFRONT = {"content-security-policy", "strict-transport-security", "referrer-policy", "x-content-type-options"}
"""Headers that a policy of CloudFront's has a place of its own for."""


class StudioStack(Stack):
    """The bucket of the pages, and the distribution."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        data: DataStack,
        api: ApiStack,
        sockets: SocketStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.stage = stage
        pages = self._bucket()
        audio = data.media.bucket_name
        media = f"https://{audio}.s3.{self.region}.{self.url_suffix} https://{audio}.s3.{self.url_suffix}"
        bucket = origins.S3BucketOrigin.with_origin_access_control(pages)
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Patchbay {stage.name}: studio, API and sockets under one address",
            default_behavior=self._to_api(api),
            additional_behaviors={
                "/studio/assets/*": self._pages(bucket, "Assets", UNCHANGING, media, kept=True),
                "/studio/*": self._pages(bucket, "Pages", ASKED_AGAIN, media, kept=False),
                "/socket/*": self._to_sockets(sockets),
            },
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
        )
        acknowledge(distribution, "CFR1", "whoever has a key may come, from wherever")
        acknowledge(
            distribution, "CFR2", "requests are counted per user and address behind it; a WAF is the operator's"
        )
        acknowledge(
            distribution, "CFR3", "the APIs log requests; CloudFront's log has queries, and tokens are in those"
        )
        acknowledge(
            distribution, "CFR4", "TLS 1.2 needs a name of the operator's own; CloudFront's takes older ones too"
        )
        for each in self.node.find_all():
            if isinstance(each, CfnResource) and each.cfn_resource_type.startswith("AWS::CloudFront::"):
                # cfn-lint looks at every region, and those in China have not all of it.
                each.add_metadata("cfn-lint", {"config": {"ignore_checks": ["E3006"]}})
        CfnOutput(self, "StudioUrl", value=f"https://{distribution.distribution_domain_name}/studio/")
        address = "PATCHBAY_PUBLIC_URL of the next deployment, so that links lead here"
        CfnOutput(self, "PublicUrl", value=f"https://{distribution.distribution_domain_name}", description=address)
        upload = f"aws s3 cp --recursive infra/studio/dist s3://{pages.bucket_name}/studio/"
        CfnOutput(self, "StudioUpload", value=upload, description="After npm ci and npm run build in infra/studio")

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Pages",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN if self.stage.durable else RemovalPolicy.DESTROY,
        )
        acknowledge(bucket, "S1", "what lies in it is shown to everybody, and only the distribution reads it")
        return bucket

    def _to_api(self, api: ApiStack) -> cloudfront.BehaviorOptions:
        told = environment.door(self.stage)
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                f"{api.api_id}.execute-api.{self.region}.{self.url_suffix}",
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                custom_headers={DOOR_HEADER: told} if told else None,
            ),
            **self._passed_on("Door", "door"),
        )

    def _to_sockets(self, sockets: SocketStack) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                f"{sockets.api_id}.execute-api.{self.region}.{self.url_suffix}",
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
            ),
            **self._passed_on("Socket", "socket"),
        )

    def _passed_on(self, name: str, function: str) -> dict[str, Any]:
        """Nothing is kept, and everything goes through; the host is the API's own, by which it knows itself."""
        return {
            "viewer_protocol_policy": cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            "allowed_methods": cloudfront.AllowedMethods.ALLOW_ALL,
            "cache_policy": cloudfront.CachePolicy.CACHING_DISABLED,
            "origin_request_policy": cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            "function_associations": [self._at_the_edge(name, function)],
        }

    def _pages(
        self, bucket: cloudfront.IOrigin, name: str, caching: str, media: str, *, kept: bool
    ) -> cloudfront.BehaviorOptions:
        policy = cloudfront.CachePolicy
        return cloudfront.BehaviorOptions(
            origin=bucket,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=policy.CACHING_OPTIMIZED if kept else policy.CACHING_DISABLED,
            response_headers_policy=self._headers(name, caching, media),
            function_associations=[] if kept else [self._at_the_edge(name, "page")],
        )

    def _headers(self, name: str, caching: str, media: str) -> cloudfront.ResponseHeadersPolicy:
        told = {**headers(media), "cache-control": caching}
        own = [
            cloudfront.ResponseCustomHeader(header=header, value=value, override=True)
            for header, value in told.items()
            if header not in _OF_CLOUDFRONT
        ]
        policy = cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy=told["content-security-policy"], override=True
        )
        return cloudfront.ResponseHeadersPolicy(
            self,
            f"{name}Headers",
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(custom_headers=own),
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=policy,
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(365), include_subdomains=True, override=True
                ),
            ),
        )

    def _at_the_edge(self, name: str, function: str) -> cloudfront.FunctionAssociation:
        source = (_AT_THE_EDGE / f"{function}.js").read_text()
        return cloudfront.FunctionAssociation(
            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
            function=cloudfront.Function(
                self,
                f"{name}Function",
                code=cloudfront.FunctionCode.from_inline(source.replace("STAGE", STAGE)),
                runtime=cloudfront.FunctionRuntime.JS_2_0,
            ),
        )
