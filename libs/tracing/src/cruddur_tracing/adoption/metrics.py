"""OpenTelemetry's metrics: whether they are exported, and the losses of the wires as one of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

LOSSES: Final = "cruddur_tracing.losses"


def has_metrics(environ: Mapping[str, str]) -> bool:
    """Return whether anything exports the metrics that instrumentations make."""
    if environ.get("OTEL_METRICS_EXPORTER") == "none":
        return False
    from opentelemetry.sdk.metrics import MeterProvider

    return isinstance(metrics.get_meter_provider(), MeterProvider)


def observe_losses(counts: Callable[[], Mapping[str, int]], wires: Mapping[str, str]) -> None:
    """Export the counts of some events as a metric, by event and by the wire that `wires` names for it.

    It is read by the MeterProvider that is set, now or later; without one nothing is.
    """

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        counted = counts()
        return [
            Observation(counted.get(event, 0), {"cruddur_tracing.wire": wire, "cruddur_tracing.event": event})
            for event, wire in wires.items()
        ]

    metrics.get_meter("cruddur_tracing").create_observable_counter(
        LOSSES, [observe], unit="{item}", description="Segments and spans that did not reach their backend."
    )
