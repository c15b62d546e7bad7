"""What X-Ray infers from a call about the service that it leads to: the name and the type of its node. Pure.

Sources: "Generating segment documents" in the X-Ray developer guide (`aws.table_name` and `aws.queue_url` name the
resource), and the documents and graphs in the examples of its API.
"""

from xray_local.traces.body import Body
from xray_local.traces.entries.entry import Entry

REMOTE = "remote"
SQL = "Database::SQL"
TABLE = "AWS::DynamoDB::Table"
QUEUE = "AWS::SQS::Queue"

# Services as X-Ray's types spell them; the SDKs write both `DynamoDB` and `dynamodb`.
_SERVICES = {
    name.lower(): name
    for name in (
        "Athena",
        "Bedrock",
        "CloudWatch",
        "DynamoDB",
        "EventBridge",
        "Events",
        "Firehose",
        "KMS",
        "Kinesis",
        "Lambda",
        "S3",
        "SES",
        "SNS",
        "SQS",
        "SSM",
        "STS",
        "SecretsManager",
    )
}


def inferred_service(call: Entry) -> tuple[str, str]:
    """Return name and type of the service that a call leads to, or that an inferred segment describes."""
    body = call.body
    if "aws" in body.raw:
        if (table := _table(body)) is not None:
            return table, TABLE
        if queue := body.text("aws", "queue_url"):
            return queue, QUEUE
    return call.name, (body.text("origin") if call.is_segment else None) or _type(call)


def _type(call: Entry) -> str:
    if call.body.text("namespace") == "aws":
        return f"AWS::{_SERVICES.get(call.name.lower(), call.name)}"
    return SQL if call.body.object("sql") else REMOTE


def _table(body: Body) -> str | None:
    """Return the only table that a call names."""
    names = body.object("aws").get("table_names")
    only = names[0] if isinstance(names, list) and len(names) == 1 else None
    return body.text("aws", "table_name") or (only if isinstance(only, str) else None) or None
