"""The alerts name metrics that there are: the operator's by its own table, the collector's by a real one."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.processes import wait_until
from tests.chart.matrix import AWS
from tests.chart.release import Values, of_kind, render
from tests.chart.test_collector import ENVIRONMENT, configuration
from tests.cluster import tool
from xray_operator import metrics

# The collector's ports are fixed, so each run of the tests has a loopback address of its own.
ADDRESS = f"127.1.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
# A full queue is not made here; its counter is of the same kind as the other's.
NOT_MADE = {"otelcol_exporter_enqueue_failed_spans_total"}
SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "a"}


def named_metrics(prefix: str) -> set[str]:
    """Give the metrics that the alerts name."""
    (rule,) = of_kind(render({"monitoring.prometheusRule.enabled": True}), "PrometheusRule")
    alerts = [alert for group in rule["spec"]["groups"] for alert in group["rules"]]
    return {name for alert in alerts for name in re.findall(rf"\b{prefix}\w+", alert["expr"])}


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[None]:
    """Run the real collector with the chart's configuration; whom it sends to answers 404, which counts as failed."""
    given: Values = {**AWS, "otlp.extraExporters": {"nobody": {"endpoint": f"http://{ADDRESS}:8888"}}}
    file = tmp_path / "config.yaml"
    file.write_text(configuration(given) or "")
    with (tmp_path / "log").open("w") as log:
        run = subprocess.Popen(
            [tool("otelcol"), f"--config={file}"], env={**ENVIRONMENT, "MY_POD_IP": ADDRESS}, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: read(13133), "the collector is healthy")
        yield
    finally:
        run.terminate()
        run.wait(timeout=30)


def read(port: int, body: object = None, path: str = "/metrics") -> str:
    """Ask the collector; an empty text when it does not answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{ADDRESS}:{port}{path}", data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return str(answer.read(), "utf-8")
    except urllib.error.URLError:
        return ""


@pytest.mark.process
def test_the_collector_has_the_metrics_of_the_alerts(collector: None) -> None:
    """A counter without its ending would never raise an alarm."""
    wanted = named_metrics("otelcol_") - NOT_MADE
    assert wanted == {"otelcol_exporter_send_failed_spans_total", "otelcol_receiver_refused_spans_total"}
    assert read(4318, {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]}, "/v1/traces")
    wait_until(lambda: wanted <= set(re.findall(r"^(\w+){", read(8888), re.MULTILINE)), f"metrics {wanted}")


def test_the_operator_has_the_metrics_of_the_alerts() -> None:
    """Its own table lists them."""
    wanted = named_metrics("xray_operator_")
    assert len(wanted) == 4
    assert wanted <= {one.name for one in metrics.METRICS}
