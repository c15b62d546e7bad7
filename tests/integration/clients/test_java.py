"""The X-Ray SDK for Java: segments by UDP, and the rules and targets of central sampling by the agent's TCP port."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_xray_local import XRayLocal, entry
from tests.integration.clients.conftest import HERE, cached, calls, get, install, program, serving
from tests.waiting import until
from tests.xray_local.samples import rule

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def app() -> Path:
    """Return a folder with the app and its libraries."""
    program("java")
    maven = program("mvn")
    with cached("java") as folder:
        shutil.copytree(HERE / "java", folder, dirs_exist_ok=True)
        copied = f"-DoutputDirectory={folder}/libraries"
        install([maven, "-B", "-q", "-ntp", "dependency:copy-dependencies", copied], folder)
        return folder


def test_requests_of_java_follow_the_rules(app: Path, xray_local: XRayLocal, free_port: Callable[[], int]) -> None:
    """One that a rule samples is recorded; when the rule's rate is 0, the targets say so and it is not any more."""
    xray_local.call("CreateSamplingRule", {"SamplingRule": rule("orders", URLPath="/orders", FixedRate=1.0)})
    with serving([program("java"), "-cp", "libraries/*", "App.java"], app, xray_local, free_port()) as url:
        get(f"{url}/first")
        until(lambda: calls(xray_local, "GetSamplingRules"), "the rules are fetched")
        until(lambda: get(f"{url}/orders") == "sampled", "the rules are followed")
        assert xray_local.one_trace('http.url ENDSWITH "/orders"') == entry("orders-java", entry("load"))
        update = {"RuleName": "orders", "FixedRate": 0, "ReservoirSize": 0}
        xray_local.call("UpdateSamplingRule", {"SamplingRuleUpdate": update})
        until(lambda: get(f"{url}/orders") == "not sampled", "the rate is followed", pause=0.2)
    counts = xray_local.call("SamplingStatisticSummaries", {})["SamplingStatisticSummaries"]
    assert sum(count["RequestCount"] for count in counts if count["RuleName"] == "orders") > 1
