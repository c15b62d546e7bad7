"""What a row called: the service that it belongs to, and the request, statement or operation in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xray_local.page.frame import formats
from xray_local.page.trace.analysis.times import Layout
from xray_local.traces.body import Body
from xray_local.traces.entries import Entry
from xray_local.traces.waterfall import Row

UNKNOWN = "(no service)"
"""The service of a subsegment whose segment was not received."""

_RESOURCES = (
    "table_name",
    "bucket_name",
    "queue_url",
    "topic_arn",
    "function_name",
    "stream_name",
    "secret_id",
    "resource_names",
    "table_names",
)
"""Members of `aws` that name what an operation was about; of a URL or an ARN the last part is shown."""


@dataclass(frozen=True, slots=True)
class Called:
    """The name of what was called or of what was at work, and what it was asked for; `what` may be empty."""

    name: str
    what: str

    @property
    def text(self) -> str:
        """Both in one line."""
        return f"{self.name} {self.what}".rstrip()


def called(row: Row) -> Called:
    """Return what a row called."""
    body = row.body
    name = row.entry.name or row.name or "(no name)"
    if sql := body.object("sql"):
        statement = Body(sql).text("sanitized_query") or ""
        return Called(Body(sql).text("database_type") or name, " ".join(statement.split()))
    if operation := body.text("aws", "operation"):
        return Called(name, f"{operation} {_resource(body)}".rstrip())
    http = body.http
    if http.method or http.url:
        _, path = formats.split_url(http.url or "")
        return Called(name, f"{http.method or ''} {path}".strip())
    return Called(name, row.name if row.name != name else "")


def _resource(body: Body) -> str:
    aws = body.object("aws")
    for key in _RESOURCES:
        value = aws.get(key)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str) and first:
            return first.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    return ""


def service(entry: Entry) -> str:
    """Return the name of the service that recorded a row."""
    if entry.segment is not None:
        return entry.segment.name or UNKNOWN
    return Body(entry.body.otel).text("resource", "service.name") or UNKNOWN


def answers(rows: Sequence[Row], places: Layout) -> Mapping[int, int]:
    """Return the calls that one segment answered and nothing else is below, each with the place of the segment."""
    found = {}
    for place, row in enumerate(rows):
        if row.children != 1 or not row.entry.is_remote:
            continue
        child = place + 1
        if places.parent[child] == place and rows[child].entry.is_segment:
            found[place] = child
    return found
