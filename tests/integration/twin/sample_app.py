"""A small CDK app with one of each thing that the twin looks for, so that its tests need nothing of the product."""

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

CODE = """
import json, os, boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def echo(event, context):
    if event["rawPath"] == "/v1/items":
        if event["requestContext"]["http"]["method"] == "POST":
            table.put_item(Item={"pk": event["body"]})
        found = "Item" in table.get_item(Key={"pk": event.get("body") or event["rawQueryString"]})
        return {"statusCode": 200, "body": json.dumps({"found": found})}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def reconcile(event, context):
    table.put_item(Item={"pk": "reconciled"})
"""


class Sample(cdk.Stack):
    def __init__(self, app: cdk.App) -> None:
        super().__init__(app, "Sample")
        bucket = s3.Bucket(self, "Media", bucket_name="sample-media")
        table = dynamodb.TableV2(
            self, "Table", partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING)
        )
        echo = self._function("echo", table)
        reconcile = self._function("reconcile", table)
        api = gateway.HttpApi(self, "Api", default_integration=integrations.HttpLambdaIntegration("Echo", echo))
        outputs = {
            "HttpApiId": api.http_api_id,
            "MediaBucketName": bucket.bucket_name,
            "TaskQueueUrlCpu": sqs.Queue(self, "Cpu").queue_url,
            "ReconcileFunctionName": reconcile.function_name,
            "TableName": table.table_name,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)

    def _function(self, name: str, table: dynamodb.TableV2) -> functions.Function:
        function = functions.Function(
            self,
            name.title(),
            runtime=functions.Runtime.PYTHON_3_12,
            handler=f"index.{name}",
            code=functions.Code.from_inline(CODE),
            timeout=cdk.Duration.seconds(20),
            environment={"TABLE": table.table_name, "PATCHBAY_TABLE": table.table_name},
        )
        table.grant_read_write_data(function)
        return function


if __name__ == "__main__":
    app = cdk.App()
    Sample(app)
    app.synth()
