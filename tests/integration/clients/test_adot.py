"""AWS's distribution of OpenTelemetry for Python: its exporter of spans, and its sampler by X-Ray's rules."""

from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal, entry
from tests.integration.clients.conftest import HERE, calls, environment, run
from tests.xray_local.samples import rule

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def programs() -> Path:
    """Return the programs of an environment with the distribution."""
    return environment("adot", "aws-opentelemetry-distro", "opentelemetry-instrument").folder / "bin"


def test_the_sampler_follows_the_rules_and_reports(programs: Path, xray_local: XRayLocal, tmp_path: Path) -> None:
    """The counts of its requests are those of the rule, and what it sampled is stored."""
    xray_local.call("CreateSamplingRule", {"SamplingRule": rule("orders", ServiceName="orders-adot", FixedRate=1.0)})
    settings = {
        **xray_local.environment,
        "OTEL_PYTHON_DISTRO": "aws_distro",
        "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{xray_local.otlp}/v1/traces",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_SERVICE_NAME": "orders-adot",
        "OTEL_TRACES_SAMPLER": "xray",
        "OTEL_TRACES_SAMPLER_ARG": f"endpoint=http://{xray_local.agent}",
    }
    run(
        [str(programs / "opentelemetry-instrument"), str(programs / "python"), str(HERE / "adot/app.py")],
        tmp_path,
        settings,
    )
    assert all(call["status"] == 200 for call in calls(xray_local, "GetSamplingTargets"))
    counts = xray_local.call("SamplingStatisticSummaries", {})["SamplingStatisticSummaries"]
    assert sum(count["RequestCount"] for count in counts if count["RuleName"] == "orders") > 50
    stored = xray_local.traces('service("orders-adot")')
    assert len(stored) > 50
    assert stored[0] == entry("GET /orders")
