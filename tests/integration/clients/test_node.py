"""The X-Ray SDK for Node: segments by UDP, and the rules and targets of central sampling by the agent's TCP port."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal, entry
from tests.integration.clients.conftest import calls, get, node_app, program, serving
from tests.waiting import until
from tests.xray_local.samples import rule

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def app() -> Path:
    """Return a folder with the app and its packages."""
    return node_app("node")


def test_requests_of_node_follow_the_rules(app: Path, xray_local: XRayLocal, free_port: Callable[[], int]) -> None:
    """One that a rule samples is recorded with its calls, and its rule gets a target when it has reported."""
    xray_local.call("CreateSamplingRule", {"SamplingRule": rule("orders", URLPath="/orders", FixedRate=1.0)})
    xray_local.call("CreateSamplingRule", {"SamplingRule": rule("quiet", URLPath="/q*", FixedRate=0, ReservoirSize=0)})
    with serving([program("node"), "app.js"], app, xray_local, free_port()) as url:
        get(f"{url}/first")
        until(lambda: calls(xray_local, "GetSamplingRules"), "the rules are fetched")
        get(f"{url}/quiet")
        get(f"{url}/orders")
        trace = xray_local.one_trace('http.url ENDSWITH "/orders"')
        assert trace == entry("orders-node", entry("load", entry("127.0.0.1"), entry("XRay")))
        assert xray_local.traces('http.url ENDSWITH "/quiet"') == []
        until(lambda: calls(xray_local, "GetSamplingTargets"), "the statistics are reported")
    counts = xray_local.call("SamplingStatisticSummaries", {})["SamplingStatisticSummaries"]
    by_rule = {count["RuleName"]: (count["RequestCount"], count["BorrowCount"]) for count in counts}
    assert by_rule["orders"] == (1, 1)  # borrowed: there was no target yet
    assert by_rule["quiet"] == (1, 0)
