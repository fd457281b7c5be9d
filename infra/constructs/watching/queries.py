"""Saved queries of CloudWatch Logs Insights: what one would otherwise have to remember how to ask."""

from collections.abc import Sequence

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stage import Stage

_SHOWN = "@timestamp, @log, level, message, job_id, tenant_id, request_id, trace_id"
QUERIES = {
    "Everything about one job": f"""fields {_SHOWN}, @message
# Put the job's id in the place of JOB.
| filter @message like /JOB/
| sort @timestamp asc
| limit 1000""",
    "Everything of one request or trace": f"""fields {_SHOWN}, @message
# Put the id of the request (x-request-id) or of the trace in the place of ID.
| filter @message like /ID/
| sort @timestamp asc
| limit 1000""",
    "What went wrong": f"""fields {_SHOWN}, exception_name, error
| filter level in ["ERROR", "error", "CRITICAL", "critical"] or Faults > 0
| sort @timestamp desc
| limit 200""",
    "Slowest routes": """filter ispresent(Latency)
| stats count(*) as requests, pct(Latency, 50) as p50_ms, pct(Latency, 95) as p95_ms, sum(Faults) as faults
  by service, method, route
| sort p95_ms desc
| limit 50""",
    "Dearest work": """filter ispresent(JobCost)
| stats count(*) as jobs, sum(JobCost) as usd, pct(JobWaited, 95) as waited_s, pct(JobWorked, 95) as worked_s
  by workflow, state
| sort usd desc
| limit 50""",
}


def saved_queries(scope: Construct, stage: Stage, groups: Sequence[str]) -> None:
    """All of them, over the log groups of those names."""
    for name, text in QUERIES.items():
        construct_id = "".join(word.capitalize() for word in name.split())
        logs.CfnQueryDefinition(
            scope,
            construct_id,
            name=f"Patchbay/{stage.name}/{name}",
            query_string=text,
            log_group_names=list(groups),
        )
