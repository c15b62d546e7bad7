"""X-Ray's calls written to spans, as the `xray_recorder` of this library writes them."""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from cruddur_tracing.recording.span import Span
from cruddur_tracing.wires.segments.document import Documents
from tests.tracing.starting import start_child
from tests.tracing.wires.segments.sdk_scenarios import EC2, ORIGIN, PARENT, RULE
from tests.tracing.wires.segments.spans import Agent, traced


class OurApi:
    """Each segment and subsegment is a span, with X-Ray's data beside it. `spans` are all of them."""

    def __init__(self, resource: Mapping[str, Any] | None = None) -> None:
        self.agent = Agent()
        self.spans: list[Span] = []
        self.open: list[Span] = []
        self.resource = resource

    def begin_segment(self, name: str) -> None:
        """Begin a segment."""
        new = traced(self.resource, service=name, rule=RULE, documents=Documents(ORIGIN, {"ec2": EC2}))
        self.agent = new.agent
        parent = SpanContext(new.recording.trace_id, int(PARENT, 16), True, TraceFlags(1))
        self._begin(new.root(name, SpanKind.INTERNAL, parent_id=parent.span_id, parent_context=parent))

    def begin_subsegment(self, name: str, namespace: str = "local") -> None:
        """Begin a subsegment."""
        span = start_child(self.open[-1], name)
        span.xray_data().namespace = namespace
        self._begin(span)

    def _begin(self, span: Span) -> None:
        self.open.append(span)
        self.spans.append(span)

    def end(self) -> None:
        """End what was begun last."""
        self.open.pop().end()

    @property
    def data(self) -> Any:
        """Return what X-Ray's API writes to."""
        return self.open[-1].xray_data()

    def annotate(self, key: str, value: Any) -> None:
        """Annotate it."""
        self.data.annotations[key] = value

    def add_metadata(self, key: Any, value: Any, namespace: str = "default") -> None:
        """Add metadata to it."""
        self.data.metadata.setdefault(namespace, {})[key] = value

    def http(self, key: str, value: Any) -> None:
        """Describe its request or response."""
        part = "response" if key in ("status", "content_length") else "request"
        self.data.http.setdefault(part, {})[key] = value

    def user(self, name: str) -> None:
        """Name its user."""
        self.data.user = name

    def aws(self, values: dict[str, Any]) -> None:
        """Describe its call to AWS."""
        self.data.aws = values

    def sql(self, values: dict[str, Any]) -> None:
        """Describe its query."""
        self.data.sql = values

    def field(self, name: str, value: Any) -> None:
        """Assign a field."""
        setattr(self.data, name, value)

    def exception(self, error: BaseException, stack: Any, remote: bool = False) -> None:
        """Record an exception."""
        self.data.fault = True
        recorded: str | None = getattr(error, "_recorded_as", None)
        if recorded is not None:
            self.data.cause_id = recorded
            return
        frames = [(frame[0], frame[1], frame[2]) for frame in stack or ()]
        lines = [f'  File "{path}", line {line}, in {label}\n' for path, line, label in frames]
        trace = "".join(["Traceback (most recent call last):\n", *lines, f"{type(error).__name__}: {error}\n"])
        event = self.open[-1].append_exception(error, frames, trace, remote=remote)
        error._recorded_as = event.cause_id  # type: ignore[attr-defined]
