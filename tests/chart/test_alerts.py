"""The alerts name metrics that there are: the operator's by its own table, the collector's by a real one."""

import re
from pathlib import Path

import pytest

from tests.chart.matrix import AWS
from tests.chart.real_collector import ADDRESS, read, running
from tests.chart.release import Values, of_kind, render
from tests.waiting import until
from xray_operator.runtime import metrics

# A full queue is not made here; its counter is of the same kind as the other's.
NOT_MADE = {"otelcol_exporter_enqueue_failed_spans_total"}
SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "a"}


def named_metrics(prefix: str) -> set[str]:
    """Return the metrics that the alerts name."""
    (rule,) = of_kind(render({"monitoring.prometheusRule.enabled": True}), "PrometheusRule")
    alerts = [alert for group in rule["spec"]["groups"] for alert in group["rules"]]
    return {name for alert in alerts for name in re.findall(rf"\b{prefix}\w+", alert["expr"])}


@pytest.mark.process
def test_the_collector_has_the_metrics_of_the_alerts(tmp_path: Path) -> None:
    """A counter without its suffix would never raise an alert."""
    wanted = named_metrics("otelcol_") - NOT_MADE
    assert wanted == {"otelcol_exporter_send_failed_spans_total", "otelcol_receiver_refused_spans_total"}
    # The destination answers 404, which counts as failed.
    given: Values = {**AWS, "otlp.extraExporters": {"refusing": {"endpoint": f"http://{ADDRESS}:8888"}}}
    with running(given, tmp_path):
        assert read(4318, {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}, "/v1/traces")
        until(lambda: wanted <= set(re.findall(r"^(\w+){", read(8888), re.MULTILINE)), f"metrics {wanted}")


def test_the_operator_has_the_metrics_of_the_alerts() -> None:
    """Its own table lists them."""
    wanted = named_metrics("xray_operator_")
    assert len(wanted) == 4
    assert wanted <= {metric.name for metric in metrics.METRICS}
