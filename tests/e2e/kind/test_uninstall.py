"""The end: `helm uninstall`, and the deletion of a namespace with resources in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.kind import peers
from tests.e2e.kind.cluster import Cluster
from tests.e2e.kind.release import NAME, Release, installed, until
from tests.e2e.kind.store import Store
from tests.e2e.kind.test_sampling import rule

pytestmark = pytest.mark.e2e
AWS = "aws-of-the-end"
KINDS = "all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,jobs"


@pytest.fixture(scope="module")
def aws(cluster: Cluster) -> Iterator[Store]:
    """X-Ray outside the release, in AWS's place."""
    with peers.running(cluster, AWS) as found:
        yield found


@pytest.fixture
def ending(
    cluster: Cluster, release: Release, aws: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Release]:
    """A release of its own, with "AWS" outside, a rule of each policy from its values, and one that a user applied."""
    if release.values is not None:
        release.uninstall()
    aws.local("POST", "reset")  # a rule that was left to AWS is nobody's, and is not taken over without being asked
    with installed(cluster, "cruddur-ending", tmp_path_factory.mktemp("ending")) as made:
        peers.give_keys(made)
        made.ensure(_values())
        made.apply(rule(0.5) | {"metadata": {"name": "users-own"}})
        made.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "xsr", "--all")
        assert rules(aws) == {"goes", "stays", "users-own"}
        yield made


def _values() -> dict[str, Any]:
    spec = rule(0.1)["spec"]
    return peers.outside(AWS) | {
        "backend": {"enabled": False},
        "tracing": {"xraySdk": {"enabled": False}},
        "sampling": {
            "rules": {"goes": spec | {"deletionPolicy": "Delete"}, "stays": spec | {"deletionPolicy": "Orphan"}}
        },
    }


def rules(aws: Store) -> set[str]:
    """Give the names of the custom rules that X-Ray has."""
    records = aws.call("GetSamplingRules", {})["SamplingRuleRecords"]
    return {record["SamplingRule"]["RuleName"] for record in records} - {"Default"}


def test_uninstall_follows_the_policies_and_leaves_nothing(ending: Release, aws: Store) -> None:
    """Delete goes, Orphan stays in X-Ray; a user's resource stays with what it made, and holds up nothing."""
    ending.uninstall()
    assert rules(aws) == {"stays", "users-own"}
    (left,) = ending.cluster.items("xsr", "--namespace", ending.namespace)
    assert (left["metadata"]["name"], left["metadata"].get("finalizers")) == ("users-own", None)
    ending.wait_for_no_leavers()
    mine = ("--selector", f"app.kubernetes.io/instance={NAME}")
    assert ending.cluster.items(KINDS, "--namespace", ending.namespace, *mine) == []
    assert ending.cluster.items("clusterroles,clusterrolebindings", *mine) == []
    ending.cluster.kubectl("delete", "namespace", ending.namespace, "--timeout=60s")


def test_a_namespace_goes_with_the_operator_in_it(ending: Release, aws: Store) -> None:
    """Kubernetes ends the pods first; on its way out the operator does as the policies say."""
    ending.cluster.kubectl("delete", "namespace", ending.namespace, "--timeout=120s")
    ending.values = None
    until(lambda: rules(aws) == {"stays"}, "the rules with the policy Delete are gone from X-Ray")
    leftovers = ending.cluster.items(
        "clusterroles,clusterrolebindings", "--selector", f"app.kubernetes.io/instance={NAME}"
    )
    ending.cluster.kubectl("delete", *[f"{one['kind']}/{one['metadata']['name']}" for one in leftovers])
