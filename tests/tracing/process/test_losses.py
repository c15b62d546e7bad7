"""What the wires lose: the same numbers in the metric as in `app.extensions` and in the log."""

from typing import Any

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from cruddur_tracing.adoption.metrics import observe_losses
from cruddur_tracing.process.wires import LOSSES
from cruddur_tracing.resilience.failures import Failures


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    """Read the metrics of the global MeterProvider."""
    made = InMemoryMetricReader()
    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", MeterProvider([made], shutdown_on_exit=False))
    return made


def read(reader: InMemoryMetricReader) -> dict[tuple[Any, Any], Any]:
    """Return the values by wire and event."""
    data: Any = reader.get_metrics_data()
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert metric.name == "cruddur_tracing.losses"
    return {
        (point.attributes["cruddur_tracing.wire"], point.attributes["cruddur_tracing.event"]): point.value
        for point in metric.data.data_points
    }


def test_losses_are_a_metric_by_wire(reader: InMemoryMetricReader) -> None:
    """None at first, and then what is counted."""
    failures = Failures()
    observe_losses(lambda: failures.counts, LOSSES)
    events = [
        ("segments", "segment.lost"),
        ("segments", "segment.unconfirmed"),
        ("otlp", "span.lost"),
        ("otlp", "span.refused"),
    ]
    assert read(reader) == dict.fromkeys(events, 0)
    failures.note("segment.lost", "away", 7)
    failures.note("span.refused", "HTTP status 400", 2)
    failures.note("request.hook", "no loss")
    assert read(reader) == {**dict.fromkeys(events, 0), events[0]: 7, events[3]: 2}
