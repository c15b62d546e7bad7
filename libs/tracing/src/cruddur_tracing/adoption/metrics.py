"""Whether somebody reads the metrics of this process."""

from collections.abc import Mapping

from opentelemetry import metrics


def has_metrics(environ: Mapping[str, str]) -> bool:
    """Return whether somebody reads the metrics that instrumentations make."""
    if environ.get("OTEL_METRICS_EXPORTER") == "none":
        return False
    from opentelemetry.sdk.metrics import MeterProvider

    return isinstance(metrics.get_meter_provider(), MeterProvider)
