"""What a subsegment is called and calls: its name and namespace, `aws` of a call to AWS, `sql` of a query. Pure."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from xray_local.ingest.translator.http import host_of
from xray_local.ingest.translator.values import first, is_empty, text
from xray_model.segments.calls import AWS_API_FIELDS, AWS_FIELDS, sql_system
from xray_model.segments.names import endpoint_prefix

OUTGOING = frozenset({Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER})

Attributes = Mapping[str, Any]

_ALIASES = frozenset({"requestId", "service"})  # attributes that `aws` has under another name, or not at all
_SQL = "aws.xray.sql."  # other fields of `sql`, as cruddur_tracing sends them


def describe_call(span: Span, attributes: Attributes) -> tuple[str, str | None]:
    """Return name and namespace of a subsegment."""
    is_aws, is_outgoing = _is_aws_api(attributes), span.kind in OUTGOING
    name = _remote_service(span, attributes) or text(attributes, "peer.service")
    if name is None and (service := text(attributes, "aws.service")):
        # A call that the X-Ray SDK recorded has its own name twice.
        name, is_aws = service if service == span.name else endpoint_prefix(service), True
    name = name or _database(attributes) or _rpc_service(attributes)
    name = name or text(attributes, "http.host", "net.peer.name")
    if name is None and is_outgoing:
        name = text(attributes, "server.address") or host_of(first(attributes, "http.url", "url.full"))
    return name or span.name, "aws" if is_aws else "remote" if is_outgoing else None


def aws_block(attributes: Attributes) -> dict[str, Any]:
    """Return what is known of a call to AWS, with every attribute `aws.NAME`; empty if it is none."""
    keys = AWS_API_FIELDS if _is_aws_api(attributes) else AWS_FIELDS
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
    system = sql_system(older or text(attributes, "db.system.name") or "")
    if system is None:
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
    return endpoint_prefix(service) if service and _is_aws_api(attributes) else service


def _address(attributes: Attributes) -> str | None:
    host, port = text(attributes, "server.address"), attributes.get("server.port")
    return f"{host}:{port}" if host and port else host
