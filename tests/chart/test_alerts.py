"""The alerts and the dashboard name real metrics: the operator's by its own table, the collector's by a real one."""

import json
import re
from pathlib import Path

import pytest

from tests.chart.matrix import AWS
from tests.chart.real_collector import ADDRESS, read, running
from tests.chart.release import RELEASE, Values, named, of_kind, render
from tests.waiting import until
from xray_operator.runtime import metrics

# A full queue and a destination that accepts are not made here; their counters are of the same kind as the others.
NOT_MADE = {"otelcol_exporter_enqueue_failed_spans_total", "otelcol_exporter_sent_spans_total"}
SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "a"}


ENABLED: Values = {"monitoring.prometheusRule.enabled": True, "monitoring.grafanaDashboard.enabled": True}


def expressions(given: Values | None = None, release: str = RELEASE) -> tuple[list[str], list[str]]:
    """Return the queries of the alerts and those of the dashboard."""
    found = render({**ENABLED, **(given or {})}, release=release)
    (rule,) = of_kind(found, "PrometheusRule")
    alerts = [alert["expr"] for group in rule["spec"]["groups"] for alert in group["rules"]]
    dashboard = json.loads(named(found, "ConfigMap", f"{release}-cruddur-dashboard")["data"]["cruddur-tracing.json"])
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return alerts, panels


def named_metrics(prefix: str) -> set[str]:
    """Return the metrics that alerts and dashboard name."""
    return {name for queries in expressions() for query in queries for name in re.findall(rf"\b{prefix}\w+", query)}


@pytest.mark.parametrize("agent", ["daemon", "collector"])
def test_an_alert_reads_its_own_release(agent: str) -> None:
    """Each metric has the namespace and the two labels that the monitors copy, and so no other release's counts."""
    alerts, _ = expressions({"tracing.agent": agent}, release="other")
    own = 'namespace="shop",app_kubernetes_io_instance="other",app_kubernetes_io_name="cruddur"'
    for alert in alerts:
        selectors = re.findall(r"\b(?:xray_operator|otelcol)_\w+(.*?})", alert)
        assert selectors
        assert all(selector.startswith(f"{{{own}") for selector in selectors), alert
    found = render({"tracing.agent": agent, "monitoring.serviceMonitor.enabled": True})
    copied = ["app.kubernetes.io/name", "app.kubernetes.io/instance"]
    assert of_kind(found, "ServiceMonitor")[0]["spec"]["targetLabels"] == copied
    assert of_kind(found, "PodMonitor")[0]["spec"]["podTargetLabels"] == copied


def test_a_panel_reads_the_chosen_namespace() -> None:
    """Each metric of the dashboard has the variable."""
    _, panels = expressions()
    for panel in panels:
        assert re.findall(r"\b(?:xray_operator|otelcol)_\w+", panel)
        assert all(
            rest.startswith('{namespace=~"$namespace"}')
            for rest in re.split(r"\b(?:xray_operator|otelcol)_\w+", panel)[1:]
        )


@pytest.mark.process
def test_the_collector_has_the_metrics_of_the_alerts(tmp_path: Path) -> None:
    """A counter without its suffix would never raise an alert."""
    wanted = named_metrics("otelcol_") - NOT_MADE
    assert {"otelcol_exporter_send_failed_spans_total", "otelcol_receiver_refused_spans_total"} <= wanted
    # The destination answers 404, which counts as failed.
    given: Values = {**AWS, "destinations.otlp": {"refusing": {"endpoint": f"http://{ADDRESS}:8888"}}}
    with running(given, tmp_path):
        assert read(4318, {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}, "/v1/traces")
        until(lambda: wanted <= set(re.findall(r"^(\w+){", read(8888), re.MULTILINE)), f"metrics {wanted}")


def test_the_operator_has_the_metrics_of_the_alerts() -> None:
    """Its own table lists them."""
    wanted = named_metrics("xray_operator_")
    assert len(wanted) == 9
    assert wanted <= {metric.name for metric in metrics.METRICS}
