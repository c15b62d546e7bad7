"""Names and selectors that no other use of the chart shares: two releases, or two aliases in one."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.chart.release import HELM, HELM3, Object, Values, of_kind, pods, render
from tools.chart.values import CHART

ALIASES = ("orders", "payments")
OPTIONS: Values = {
    "networkPolicy": {"enabled": True, "egress": {"enabled": True}},
    "monitoring": {"serviceMonitor": {"enabled": True}},
}


@pytest.fixture(scope="module")
def umbrella(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a chart that has this one twice."""
    chart = tmp_path_factory.mktemp("charts") / "shop"
    shutil.copytree(CHART, chart / "charts/cruddur")
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    parts = [{"name": "cruddur", "version": version, "alias": alias} for alias in ALIASES]
    (chart / "Chart.yaml").write_text(
        yaml.safe_dump({"apiVersion": "v2", "name": "shop", "version": "1.0.0", "dependencies": parts})
    )
    return chart


def source(manifest: Object) -> str:
    """Return the alias that an object is of."""
    return str(manifest["metadata"]["labels"]["app.kubernetes.io/name"])


@pytest.mark.parametrize("helm", [HELM, HELM3])
@pytest.mark.parametrize("release", ["demo", "orders", "orders-payments"])
def test_two_aliases_share_nothing(umbrella: Path, release: str, helm: str) -> None:
    """Each has its own names, and no selector of one finds a pod of the other."""
    given = {alias: {**OPTIONS, "serviceName": alias} for alias in ALIASES}
    found = render(given, release=release, chart=umbrella, helm=helm)
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in found]
    assert len(names) == len(set(names))
    selectors = [
        *((service, service["spec"]["selector"]) for service in of_kind(found, "Service")),
        *((policy, policy["spec"]["podSelector"]["matchLabels"]) for policy in of_kind(found, "NetworkPolicy")),
        *(
            (policy, peer["podSelector"]["matchLabels"])
            for policy in of_kind(found, "NetworkPolicy")
            for direction, peers in (("ingress", "from"), ("egress", "to"))
            for rule in policy["spec"].get(direction, [])
            for peer in rule.get(peers, [])
        ),
        *((monitor, monitor["spec"]["selector"]["matchLabels"]) for monitor in of_kind(found, "PodMonitor")),
        *((manifest, manifest["spec"]["selector"]["matchLabels"]) for manifest in of_kind(found, "DaemonSet")),
    ]
    assert len(selectors) > 10
    for manifest, selector in selectors:
        chosen = [pod for _, pod in pods(found) if selector.items() <= pod["metadata"]["labels"].items()]
        assert {source(pod) for pod in chosen} <= {source(manifest)}, manifest["metadata"]["name"]


def names_of(release: str, given: Values | None = None) -> set[tuple[str, str]]:
    """Return the objects of a release by kind and name."""
    return {(manifest["kind"], manifest["metadata"]["name"]) for manifest in render(given, release=release)}


def test_long_names_that_differ_at_the_end_stay_different() -> None:
    """What is cut ends in a hash of the whole."""
    first, second = (f"{'r' * 48}-{number}" for number in (1, 2))
    assert names_of(first).isdisjoint(names_of(second))


def test_a_name_that_fits_is_not_changed() -> None:
    """Forty characters, with the chart's name."""
    release = "r" * 32
    assert ("Service", f"{release}-cruddur-backend") in names_of(release)
    assert ("Service", f"{'c' * 40}-backend") in names_of("demo", {"fullnameOverride": "c" * 40})


def test_cluster_roles_of_two_namespaces_are_different() -> None:
    """A dot, which no namespace has, separates namespace and name: `a-b` and `c` are not `a` and `b-c`."""
    roles = of_kind(render(), "ClusterRole")
    assert roles
    for role in roles:
        assert role["metadata"]["name"].startswith("shop.demo-cruddur-")
