"""`helm upgrade` from the previous version of the chart, under load."""

from pathlib import Path
from typing import Any

import pytest

from tests import previous_chart
from tests.e2e.kind import peers
from tests.e2e.kind.release import Release, until
from tests.e2e.kind.results import note
from tests.e2e.kind.store import Store
from tests.e2e.kind.test_sampling import rule
from tests.e2e.kind.traffic import delivery, load

pytestmark = pytest.mark.e2e
RATE = 10.0  # requests a second
GROUP = {
    "apiVersion": "xray.cruddur.io/v1alpha1",
    "kind": "XRayGroup",
    "metadata": {"name": "failing"},
    "spec": {"filterExpression": "error = true"},
}
OPERATOR_OUTSIDE = {"extraEnv": [{"name": "AWS_ENDPOINT_URL_XRAY", "value": peers.endpoint(peers.AWS)}]}


def identities(release: Release) -> dict[str, tuple[str, int]]:
    """Return the UID and the generation of each rule and group, by kind and name."""
    found = release.cluster.items("xsr,xg", "--namespace", release.namespace)
    return {
        f"{item['kind']}/{item['metadata']['name']}": (item["metadata"]["uid"], item["metadata"]["generation"])
        for item in found
    }


def xray_local_pods(release: Release) -> set[str]:
    """Return the UIDs of xray-local's pods."""
    return {pod["metadata"]["uid"] for pod in release.pods("xray-local")}


def written(aws: Store) -> list[dict[str, Any]]:
    """Return the logged calls that changed a rule or a group."""
    verbs = ("Create", "Update", "Delete")
    return [call for call in aws.local("GET", "requests") if call["operation"].startswith(verbs)]


def test_an_upgrade_of_the_previous_chart_keeps_rules_and_requests(
    release: Release, store: Store, aws: Store, tmp_path: Path
) -> None:
    """No request fails, no rule or group is written again, and new traces arrive by both wires.

    xray-local keeps its traces if the upgrade does not replace its pod. The programs are today's before the upgrade as
    well: the previous version's images would take minutes to build.
    """
    release.install_chart(previous_chart.extract(tmp_path), {"operator": OPERATOR_OUTSIDE})
    release.apply(rule(0.5), GROUP)
    release.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "xsr,xg", "--all")
    before, pods = identities(release), xray_local_pods(release)
    aws.local("DELETE", "requests")
    with load(release, RATE) as running:
        first = delivery(running.lines(), store)
        assert (first.without_segment, first.without_span) == ([], []), first
        earlier = running.lines()[0]["id"]
        release.upgrade_chart()
        upgraded = len(running.lines())
        running.wait_for(int(5 * RATE))
        answers = running.stop()
    new = delivery(answers[upgraded:], store)
    note("upgrade", {"of the previous chart": f"{len(answers)} requests during it; after it {new}"})
    assert [answer for answer in answers if answer["error"] or answer["status"] != 200] == []
    assert (new.without_segment, new.without_span) == ([], []), new
    assert bool(store.traces([earlier])) == (xray_local_pods(release) == pods)
    leads = ("get", "lease/cruddur-operator", "--output=jsonpath={.spec.holderIdentity}")
    until(lambda: release.kubectl(*leads), "the new operator leads")
    release.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "xsr,xg", "--all")
    assert identities(release) == before
    assert written(aws) == []
    release.kubectl("delete", "--timeout=60s", "xsr,xg", "--all")
