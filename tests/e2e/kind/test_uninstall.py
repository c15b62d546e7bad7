"""The end: `helm uninstall`, and the deletion of a namespace with resources in it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.e2e.kind import peers
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import NAME, Release, installed, until
from tests.e2e.kind.store import Store
from tests.e2e.kind.test_sampling import rule

pytestmark = pytest.mark.e2e
CRDS = "xray.cruddur.io"  # Helm leaves them, and with them what the API server makes of them


@pytest.fixture
def place(
    cluster: Cluster, release: Release, aws: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """A release of its own that is not installed yet, with an X-Ray outside that has nothing."""
    release.uninstall()
    aws.local("POST", "reset")  # a rule that was left in AWS has no owner, and is adopted only on request
    with installed(cluster, "cruddur-ending", tmp_path_factory.mktemp("ending")) as made:
        made.kubectl("wait", "--for=create", "--timeout=30s", "serviceaccount/default", "configmap/kube-root-ca.crt")
        yield made


def sampling() -> dict[str, Any]:
    """Build the values of a rule and a group of each policy."""
    policies = {"goes": {"deletionPolicy": "Delete"}, "stays": {"deletionPolicy": "Orphan"}}
    spec = rule(0.1)["spec"]
    groups = {name: {"filterExpression": "error = true"} | policy for name, policy in policies.items()}
    return {"sampling": {"rules": {name: spec | policy for name, policy in policies.items()}, "groups": groups}}


def install(place: Release, aws: Store, values: Mapping[str, Any]) -> None:
    """Install, and apply a rule as a user does."""
    place.ensure(values)
    place.apply(rule(0.5) | {"metadata": {"name": "users-own"}})
    place.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "xsr,xg", "--all")
    assert (rules(aws), groups(aws)) == ({"goes", "stays", "users-own"}, {"goes", "stays"})


def rules(aws: Store) -> set[str]:
    """Return the names of the custom rules that X-Ray has."""
    records = aws.call("GetSamplingRules", {})["SamplingRuleRecords"]
    return {record["SamplingRule"]["RuleName"] for record in records} - {"Default"}


def groups(aws: Store) -> set[str]:
    """Return the names of the custom groups that X-Ray has."""
    return {group["GroupName"] for group in aws.call("Groups", {})["Groups"]} - {"Default"}


def test_uninstall_follows_the_policies_and_leaves_nothing(place: Release, aws: Store) -> None:
    """Delete goes, Orphan stays in X-Ray; a user's resource stays with what it made, and holds up nothing."""
    cluster, here = place.cluster, f"--namespace={place.namespace}"
    before = cluster.names(here) | cluster.names()
    # All that the defaults make, and Honeycomb's Secret; X-Ray is outside for the operator alone, and outlives it.
    honeycomb = {"enabled": True, "apiKey": "a-key", "endpoint": "http://honeycomb.invalid:4318"}
    endpoint = {"name": "AWS_ENDPOINT_URL_XRAY", "value": peers.endpoint(peers.AWS)}
    install(place, aws, {"destinations": {"honeycomb": honeycomb}, "operator": {"extraEnv": [endpoint]}} | sampling())
    place.uninstall()
    assert (rules(aws), groups(aws)) == ({"stays", "users-own"}, {"stays"})
    (left,) = cluster.items("xsr,xg", here)
    assert (left["metadata"]["name"], left["metadata"].get("finalizers")) == ("users-own", None)
    place.wait_for_no_leavers()

    def remaining() -> set[str]:
        return {name for name in (cluster.names(here) | cluster.names()) - before if CRDS not in name}

    until(lambda: not remaining(), "nothing is left of the release")
    cluster.kubectl("delete", "namespace", place.namespace, "--timeout=60s")


def test_a_namespace_goes_with_the_operator_in_it(place: Release, aws: Store) -> None:
    """Kubernetes ends the pods first; on its way out the operator does as the policies say."""
    peers.give_keys(place)
    without = {"backend": {"enabled": False}, "tracing": {"xraySdk": {"enabled": False}}}
    install(place, aws, peers.outside(peers.AWS) | without | sampling())
    place.cluster.kubectl("delete", "namespace", place.namespace, "--timeout=120s")
    until(lambda: (rules(aws), groups(aws)) == ({"stays"}, {"stays"}), "what has the policy Delete is gone from X-Ray")
    leftovers = place.cluster.items(
        "clusterroles,clusterrolebindings", "--selector", f"app.kubernetes.io/instance={NAME}"
    )
    place.cluster.kubectl("delete", *[f"{leftover['kind']}/{leftover['metadata']['name']}" for leftover in leftovers])
