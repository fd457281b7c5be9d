"""The ports on AWS: the only folder that knows boto3."""
