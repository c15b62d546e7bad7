"""A span as a call to another service: its name in X-Ray, its namespace, and the blocks `aws` and `sql`.

The rules are those of the collector's awsxray exporter. Where it finds no host, a newer attribute or the URL has one.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind

from cruddur_tracing.recording.values import safe_text
from cruddur_tracing.wires.segments.http import url_host
from xray_model.segments import attributes
from xray_model.segments.calls import AWS_API_FIELDS, AWS_FIELDS, sql_system
from xray_model.segments.names import endpoint_prefix

Get = Callable[[str], Any]
Call = tuple[str, str | None]

# The attributes that name a span that does not go out.
NAMING: Final = frozenset(
    {
        "aws.remote.service",
        "aws.service",
        "db.name",
        "db.namespace",
        "http.host",
        "net.peer.name",
        "peer.service",
        "rpc.service",
        "rpc.system",
    }
)
AWS_CONSUMED: Final = attributes.AWS
AWS_API_CONSUMED: Final = attributes.AWS_API
AWS_TRIGGERS: Final = attributes.AWS_TRIGGERS
SQL_TRIGGERS: Final = attributes.SQL_TRIGGERS
SQL_CONSUMED: Final = attributes.SQL

# The fields of `aws` whose type X-Ray's agents check.
_TEXTS: Final = frozenset({"account_id", "operation", "queue_url", "region", "request_id", "table_name"})
_BLOCKS: Final = frozenset({"ec2", "ecs", "eks", "elastic_beanstalk", "xray"})
_NOT_TEXTS: Final = ("auto_instrumentation", "deployment_id")
_DATABASE_URL: Final = re.compile(r".+//.+/[^?]+")  # contrib's receiver/awsxrayreceiver/internal/translator/sql.go


def is_aws_api(get: Get) -> bool:
    """Return whether the span is a call by an AWS SDK."""
    return bool(get("rpc.system") == "aws-api")


def describe_call(get: Get, kind: SpanKind, name: str) -> Call:
    """Return name and namespace of a subsegment; `name` is the span's."""
    outgoing = kind is SpanKind.CLIENT or kind is SpanKind.PRODUCER
    aws = is_aws_api(get)
    found = _service_name(get, kind, aws=aws)
    if not found and get("aws.service"):
        found, aws = endpoint_prefix(safe_text(get("aws.service"))), True
    found = found or _database_name(get) or _rpc_name(get, aws=aws) or get("http.host") or get("net.peer.name")
    if not found and outgoing:
        found = get("server.address") or url_host(get("http.url") or get("url.full"))
    return safe_text(found or name), "aws" if aws else "remote" if outgoing else None


def aws_block(get: Get) -> dict[str, Any]:
    """Return what is known of a call to AWS; empty if it is none."""
    keys = AWS_API_FIELDS if is_aws_api(get) else AWS_FIELDS
    found = {name: value for name, names in keys.items() if (value := next(filter(None, map(get, names)), None))}
    tables = get("aws.dynamodb.table_names")
    names = [tables] if isinstance(tables, str) else list(tables) if isinstance(tables, (tuple, list)) else []
    if len(names) == 1:
        found["table_name"] = names[0]
    elif names:
        found.pop("table_name", None)
        found["table_names"] = names
    return found


def sql_block(get: Get) -> dict[str, Any]:
    """Return the query of a span; empty if it is not about an SQL database."""
    system = sql_system(safe_text(get("db.system") or get("db.system.name")))
    if system is None:
        return {}
    found = {
        "url": _database_url(get, system),
        "database_type": system,
        "user": get("db.user"),
        "sanitized_query": get("db.statement") or get("db.query.text"),
    }
    return {key: value for key, value in found.items() if value}


def _database_url(get: Get, system: str) -> str | None:
    given, database = get("db.connection_string"), get("db.name") or get("db.namespace")
    if given:
        return safe_text(given) if not database or _DATABASE_URL.match(safe_text(given)) else f"{given}/{database}"
    host = get("server.address") or get("net.peer.name") or get("net.peer.ip")
    if not host:
        return None
    port = get("server.port") or get("net.peer.port")
    address = f"{host}:{port}" if port else host
    return f"{system}://{address}/{database or ''}"


def checked_sql(sql: dict[str, Any]) -> dict[str, str]:
    """Return the fields as X-Ray's agents take them: texts, and a URL with a host and a database.

    The collector's receiver refuses the whole trace for the sake of one other URL.
    """
    checked = {safe_text(key): safe_text(value) for key, value in sql.items() if value is not None}
    url = checked.get("url")
    if url is not None and not _DATABASE_URL.match(url):
        checked.setdefault("connection_string", checked.pop("url"))
        checked.pop("url", None)
    return checked


def checked_aws(aws: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as X-Ray's agents take them; the collector's receiver refuses a trace with another type."""
    checked = {safe_text(key): value for key, value in aws.items() if value is not None}
    for key in _TEXTS & checked.keys():
        checked[key] = safe_text(checked[key])
    for key in _BLOCKS & checked.keys():
        block = checked[key]
        checked[key] = {name: _typed(name, item) for name, item in block.items()} if isinstance(block, Mapping) else {}
    if type(checked.get("retries", 0)) is not int:
        del checked["retries"]
    if "table_names" in checked:
        names = checked["table_names"]
        names = names if isinstance(names, Collection) and not isinstance(names, str) else [names]
        checked["table_names"] = [safe_text(name) for name in names]
    return checked


def _typed(name: Any, value: Any) -> Any:
    return value if name in _NOT_TEXTS else safe_text(value)


def _service_name(get: Get, kind: SpanKind, *, aws: bool) -> Any:
    remote = get("aws.remote.service") if kind is not SpanKind.INTERNAL and kind is not SpanKind.SERVER else None
    if isinstance(remote, str) and aws:
        remote = remote.removeprefix("AWS.SDK.").removeprefix("AWS::")
    return remote or get("peer.service")


def _rpc_name(get: Get, *, aws: bool) -> Any:
    service = get("rpc.service")
    return endpoint_prefix(safe_text(service)) if service and aws else service


def _database_name(get: Get) -> str:
    """Return `database@host`."""
    if database := get("db.name"):
        url = get("db.connection_string")
        host = url_host(url.removeprefix("jdbc:")) if isinstance(url, str) else ""
    elif database := get("db.namespace"):
        host = get("server.address")
    else:
        return ""
    return f"{database}@{host}" if host else f"{database}"
