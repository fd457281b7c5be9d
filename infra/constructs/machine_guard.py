"""What a worker's machine does as it starts: it shuts its own credentials off from the container."""

from aws_cdk import aws_ec2 as ec2

WORKER_UID = 10001
"""The user that the images run as; a test holds the Dockerfiles to it."""
_METADATA = "169.254.169.254"


def user_data() -> ec2.UserData:
    """Refuse the worker's user the machine's metadata service, in MIME parts, as Batch adds one of its own.

    A hop limit of one does that for a container in a network of its own. One that shares the machine's network, as
    Batch may have it, is as near as the machine itself. The task's role, which workers need, is at another address.
    """
    rule = f"iptables --insert OUTPUT --destination {_METADATA} --match owner --uid-owner {WORKER_UID} --jump REJECT"
    parts = ec2.MultipartUserData()
    script = ec2.MultipartBody.from_raw_body(content_type="text/x-shellscript", body=f"#!/bin/bash\n{rule}\n")
    parts.add_part(script)
    return parts
