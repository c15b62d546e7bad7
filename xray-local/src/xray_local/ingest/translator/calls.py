"""What a subsegment is called and calls: its name and namespace, `aws` of a call to AWS, `sql` of a query. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from xray_local.ingest.translator.http import host_of
from xray_local.ingest.translator.values import first, is_empty, text
from xray_local.traces.documents import NAME_MAX

OUTGOING = frozenset({Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER})

Attributes = Mapping[str, Any]

_INVALID_IN_NAME = re.compile(r"[^\w .:/%&#=+\\\-@]")
_AWS = {
    "account_id": ("aws.account_id",),
    "operation": ("aws.operation",),
    "region": ("aws.region",),
    "request_id": ("aws.request_id", "aws.requestId"),
    "queue_url": ("aws.queue_url", "aws.queue.url"),
    "table_name": ("aws.table_name", "aws.table.name"),
}
_ALIASES = frozenset({"requestId", "service"})  # attributes that `aws` has under another name, or not at all
_AWS_API = _AWS | {
    "operation": ("aws.operation", "rpc.method"),
    "region": ("aws.region", "cloud.region"),
    "queue_url": ("messaging.url", "aws.queue_url", "aws.queue.url"),
}
# By the service id that OpenTelemetry has: the endpoint prefix, which is the name in the X-Ray SDK, where it differs.
_ENDPOINT_PREFIXES = {
    "Auto Scaling": "autoscaling",
    "CloudWatch": "monitoring",
    "CloudWatch Logs": "logs",
    "Cognito Identity Provider": "cognito-idp",
    "Cost Explorer": "ce",
    "DynamoDB Streams": "streams.dynamodb",
    "ECR": "api.ecr",
    "EFS": "elasticfilesystem",
    "EMR": "elasticmapreduce",
    "Elastic Beanstalk": "elasticbeanstalk",
    "Elastic Load Balancing": "elasticloadbalancing",
    "Elastic Load Balancing v2": "elasticloadbalancing",
    "EventBridge": "events",
    "Global Accelerator": "globalaccelerator",
    "IoT Data Plane": "data-ats.iot",
    "OpenSearch": "es",
    "Route 53": "route53",
    "SES": "email",
    "SESv2": "email",
    "SFN": "states",
    "SSO OIDC": "oidc",
    "SageMaker": "api.sagemaker",
    "SageMaker Runtime": "runtime.sagemaker",
    "Secrets Manager": "secretsmanager",
    "Service Discovery": "servicediscovery",
    "Service Quotas": "servicequotas",
    "Storage Gateway": "storagegateway",
    "Timestream Query": "query.timestream",
    "Timestream Write": "ingest.timestream",
}
_SQL = "aws.xray.sql."  # other fields of `sql`, as cruddur_tracing sends them
_SQL_SYSTEMS = frozenset(
    "db2 derby hive mariadb mssql mysql oracle other_sql postgresql sqlite teradata".split()  # noqa: SIM905 (shorter)
)
_RENAMED_SYSTEMS = {"ibm.db2": "db2", "microsoft.sql_server": "mssql", "oracle.db": "oracle"}


def valid_name(name: str) -> str:
    """Return a name that X-Ray takes."""
    return _INVALID_IN_NAME.sub("", name)[:NAME_MAX] or "span"


def describe_call(span: Span, attributes: Attributes) -> tuple[str, str | None]:
    """Return name and namespace of a subsegment."""
    is_aws, is_outgoing = _is_aws_api(attributes), span.kind in OUTGOING
    name = _remote_service(span, attributes) or text(attributes, "peer.service")
    if name is None and (service := text(attributes, "aws.service")):
        # A call that the X-Ray SDK recorded has its own name twice.
        name, is_aws = service if service == span.name else _endpoint_prefix(service), True
    name = name or _database(attributes) or _rpc_service(attributes)
    name = name or text(attributes, "http.host", "net.peer.name")
    if name is None and is_outgoing:
        name = text(attributes, "server.address") or host_of(first(attributes, "http.url", "url.full"))
    return name or span.name, "aws" if is_aws else "remote" if is_outgoing else None


def aws_block(attributes: Attributes) -> dict[str, Any]:
    """Return what is known of a call to AWS, with every attribute `aws.NAME`; empty if it is none."""
    keys = _AWS_API if _is_aws_api(attributes) else _AWS
    block = {
        name: value
        for key, value in attributes.items()
        if key.startswith("aws.") and "." not in (name := key[4:]) and name not in _ALIASES and not is_empty(value)
    }
    block |= {name: value for name, names in keys.items() if (value := first(attributes, *names)) is not None}
    tables = attributes.get("aws.dynamodb.table_names")
    if isinstance(tables, list) and len(tables) > 1:
        return {name: value for name, value in block.items() if name != "table_name"} | {"table_names": tables}
    table = tables[0] if isinstance(tables, list) and tables else tables
    return block | ({"table_name": table} if table else {})


def sql_block(span: Span, attributes: Attributes) -> dict[str, Any]:
    """Return the query of a call to an SQL database; empty if it is none."""
    older = text(attributes, "db.system")
    system = older or text(attributes, "db.system.name") or ""
    system = _RENAMED_SYSTEMS.get(system, system)
    if system not in _SQL_SYSTEMS:
        return {}
    server = text(attributes, "db.connection_string") or (None if older else _address(attributes)) or "localhost"
    block = {
        "url": span.name,
        "connection_string": f"{server}/{text(attributes, 'db.name', 'db.namespace') or ''}",
        "database_type": system,
        "user": text(attributes, "db.user"),
        "sanitized_query": text(attributes, "db.statement", "db.query.text"),
        **{key.removeprefix(_SQL): value for key, value in attributes.items() if key.startswith(_SQL)},
    }
    return {name: value for name, value in block.items() if value}


def _is_aws_api(attributes: Attributes) -> bool:
    return attributes.get("rpc.system") == "aws-api"


def _endpoint_prefix(service: str) -> str:
    return _ENDPOINT_PREFIXES.get(service) or service.lower().replace(" ", "-")


def _remote_service(span: Span, attributes: Attributes) -> str | None:
    service = text(attributes, "aws.remote.service")
    if service is None or span.kind not in {*OUTGOING, Span.SPAN_KIND_CONSUMER}:
        return None
    return service.removeprefix("AWS.SDK.").removeprefix("AWS::") if _is_aws_api(attributes) else service


def _database(attributes: Attributes) -> str | None:
    """Return `database@host`."""
    if database := text(attributes, "db.name"):
        host = host_of((text(attributes, "db.connection_string") or "").removeprefix("jdbc:"))
    elif database := text(attributes, "db.namespace"):
        host = text(attributes, "server.address") or ""
    else:
        return None
    return f"{database}@{host}" if host else database


def _rpc_service(attributes: Attributes) -> str | None:
    service = text(attributes, "rpc.service")
    return _endpoint_prefix(service) if service and _is_aws_api(attributes) else service


def _address(attributes: Attributes) -> str | None:
    host, port = text(attributes, "server.address"), attributes.get("server.port")
    return f"{host}:{port}" if host and port else host
