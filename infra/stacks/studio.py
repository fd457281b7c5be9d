"""The one address of a stage in the cloud: CloudFront before the studio's pages, the HTTP API, the sockets and, where
the stage has them, links to objects and the service for large bodies.

The pages are uploaded beside the stack (`StudioUpload` tells how): the construct that would do it brings a Lambda with
rights on all buckets. Which of them may be kept by browsers, and what they are held to, is said here and not there.
"""

from typing import Any

from aws_cdk import CfnOutput, CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs import answer_headers, edge_code, environment
from infra.constructs.acknowledged import acknowledge
from infra.constructs.studio_headers import ASKED_AGAIN, UNCHANGING
from infra.stacks import edge
from infra.stacks.api import ApiStack
from infra.stacks.data import DataStack
from infra.stacks.ingest import DOOR_HEADER, IngestStack
from infra.stacks.sockets import STAGE, SocketStack
from infra.stage import Stage
from patchbay.catalog.front import OBJECTS, SERVICE

SERVICE_ORIGIN = "ingest"
ANSWER_S = 120
"""How long CloudFront waits for the service's answer, the longest without asking AWS for more: by the end of a body all
of it but the last part is in the store already.
"""
KEPT_S = 60
"""How long it keeps an idle connection to it."""


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
        ingest: IngestStack | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.stage, self._ingest = stage, ingest
        pages = self._bucket()
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Patchbay {stage.name}: studio, API and sockets under one address",
            default_behavior=self._to_api(api),
            additional_behaviors={
                **self._to_pages(pages, data),
                "/socket/*": self._to_sockets(sockets),
                **self._to_objects(data),
                **self._to_service(),
            },
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            web_acl_id=edge.web_acl(stage) or None,
            **self._named(),
        )
        self._acknowledge(distribution)
        self._tell(distribution, pages)

    def _named(self) -> dict[str, Any]:
        """The stage's own name, where it has one."""
        if not self.stage.domain:
            return {}
        certificate = acm.Certificate.from_certificate_arn(self, "Certificate", edge.certificate(self.stage))
        return {
            "domain_names": [self.stage.domain],
            "certificate": certificate,
            "minimum_protocol_version": cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        }

    def _acknowledge(self, distribution: cloudfront.Distribution) -> None:
        acknowledge(distribution, "CFR1", "whoever has a key may come, from wherever")
        if not edge.web_acl(self.stage):
            acknowledge(
                distribution, "CFR2", "requests are counted per user and address behind it; a WAF is by setting"
            )
        acknowledge(
            distribution, "CFR3", "the APIs log requests; CloudFront's log has queries, and tokens are in those"
        )
        if not self.stage.domain:
            acknowledge(
                distribution, "CFR4", "TLS 1.2 needs a name of the operator's own; CloudFront's takes older ones too"
            )
        if self._ingest:
            acknowledge(distribution, "CFR5", "to the load balancer inside its VPC nothing is sent over TLS")
        for each in self.node.find_all():
            if isinstance(each, CfnResource) and each.cfn_resource_type.startswith("AWS::CloudFront::"):
                # cfn-lint looks at every region, and those in China have not all of it.
                each.add_metadata("cfn-lint", {"config": {"ignore_checks": ["E3006"]}})

    def _tell(self, distribution: cloudfront.Distribution, pages: s3.Bucket) -> None:
        given = distribution.distribution_domain_name
        base = f"https://{self.stage.domain or given}"
        CfnOutput(self, "StudioUrl", value=f"{base}/studio/")
        address = "PATCHBAY_PUBLIC_URL of the next deployment, so that links lead here"
        CfnOutput(self, "PublicUrl", value=base, description=address)
        upload = f"aws s3 cp --recursive infra/studio/dist s3://{pages.bucket_name}/studio/"
        CfnOutput(self, "StudioUpload", value=upload, description="After npm ci and npm run build in infra/studio")
        if self.stage.domain and self.stage.hosted_zone:
            self._record(distribution)
        elif self.stage.domain:
            CfnOutput(self, "CanonicalName", value=given, description=f"What {self.stage.domain} is to be a CNAME of")

    def _record(self, distribution: cloudfront.Distribution) -> None:
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=self.stage.hosted_zone, zone_name=self.stage.domain
        )
        target = route53.RecordTarget.from_alias(targets.CloudFrontTarget(distribution))
        route53.ARecord(self, "Address", zone=zone, target=target)
        route53.AaaaRecord(self, "Address6", zone=zone, target=target)

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
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                f"{api.api_id}.execute-api.{self.region}.{self.url_suffix}",
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                custom_headers=self._door(),
            ),
            response_headers_policy=answer_headers.of_answers(self),
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

    def _to_service(self) -> dict[str, cloudfront.BehaviorOptions]:
        """What the service has of its own; the rest of what it answers is sent there by the function of the API."""
        if not self._ingest:
            return {}
        origin = origins.VpcOrigin.with_application_load_balancer(
            self._ingest.balancer,
            origin_id=SERVICE_ORIGIN,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
            read_timeout=Duration.seconds(ANSWER_S),
            keepalive_timeout=Duration.seconds(KEPT_S),
            custom_headers=self._door(),
        )
        return {f"{SERVICE}/*": cloudfront.BehaviorOptions(origin=origin, **self._passed_on("Service", "service"))}

    def _to_objects(self, data: DataStack) -> dict[str, cloudfront.BehaviorOptions]:
        """Links that the API signed for the bucket's own host, which is the one that the bucket is asked under.

        The distribution itself may read nothing there: what counts is the link.
        """
        if not self.stage.front_objects:
            return {}
        origin = origins.HttpOrigin(
            data.media.bucket_regional_domain_name, protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY
        )
        policy = answer_headers.of_objects(self)
        passed = self._passed_on("Object", "object")
        return {f"{OBJECTS}/*": cloudfront.BehaviorOptions(origin=origin, response_headers_policy=policy, **passed)}

    def _to_pages(self, pages: s3.Bucket, data: DataStack) -> dict[str, cloudfront.BehaviorOptions]:
        audio = data.media.bucket_name
        media = f"https://{audio}.s3.{self.region}.{self.url_suffix} https://{audio}.s3.{self.url_suffix}"
        bucket = origins.S3BucketOrigin.with_origin_access_control(pages)
        return {
            "/studio/assets/*": self._pages(bucket, "Assets", UNCHANGING, media, kept=True),
            "/studio/*": self._pages(bucket, "Pages", ASKED_AGAIN, media, kept=False),
        }

    def _pages(
        self, bucket: cloudfront.IOrigin, name: str, caching: str, media: str, *, kept: bool
    ) -> cloudfront.BehaviorOptions:
        policy = cloudfront.CachePolicy
        return cloudfront.BehaviorOptions(
            origin=bucket,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            cache_policy=policy.CACHING_OPTIMIZED if kept else policy.CACHING_DISABLED,
            response_headers_policy=answer_headers.of_pages(self, name, caching, media),
            function_associations=[] if kept else [self._at_the_edge(name, "page")],
        )

    def _door(self) -> dict[str, str] | None:
        told = environment.door(self.stage)
        return {DOOR_HEADER: told} if told else None

    def _passed_on(self, name: str, function: str) -> dict[str, Any]:
        """Nothing is kept, and everything goes through; the host is the API's own, by which it knows itself."""
        return {
            "viewer_protocol_policy": cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            "allowed_methods": cloudfront.AllowedMethods.ALLOW_ALL,
            "cache_policy": cloudfront.CachePolicy.CACHING_DISABLED,
            "origin_request_policy": cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            "function_associations": [self._at_the_edge(name, function)],
        }

    def _at_the_edge(self, name: str, function: str) -> cloudfront.FunctionAssociation:
        source = edge_code.code(function, SERVICE_ORIGIN if self._ingest else "")
        return cloudfront.FunctionAssociation(
            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
            function=cloudfront.Function(
                self,
                f"{name}Function",
                code=cloudfront.FunctionCode.from_inline(source.replace("STAGE", STAGE)),
                runtime=cloudfront.FunctionRuntime.JS_2_0,
            ),
        )
