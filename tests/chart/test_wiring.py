"""What one object says of another is true: selectors, ports, mounts, accounts, names."""

from collections.abc import Iterator
from typing import Any

from tests.chart.each import ValueSet, for_each
from tests.chart.matrix import AWS, CASES, EVERYTHING
from tests.chart.release import NAMESPACE, Object, Values, containers, named, named_container, of_kind, pods, render
from tools.dist.parts import workspace_version

LASTING_LABELS = {
    "app.kubernetes.io/name": "cruddur",
    "app.kubernetes.io/instance": "demo",
    "app.kubernetes.io/part-of": "cruddur",
    "app.kubernetes.io/managed-by": "Helm",
}
VERSION = workspace_version()
VERSIONS = {"app.kubernetes.io/version": VERSION, "helm.sh/chart": f"cruddur-{VERSION}"}
# What the values of a set name and the user provides.
BROUGHT = {"aws", "mine", "keys", "registry", "tls"}
LASTING = {"agent", "collector"}  # whose Services and NetworkPolicies are there with and without pods behind them
LONGEST = "r" * 53  # of a release's name: Helm refuses more
LARGEST = ("daemon-node-sdk-local-everything", "collector-sidecar-sdk-aws-everything")
NOT_NAMESPACED = {"ClusterRole", "ClusterRoleBinding"}


def selected(found: list[Object], labels: dict[str, str]) -> list[Object]:
    """Return the pods that have these labels."""
    return [pod for _, pod in pods(found) if labels.items() <= pod["metadata"]["labels"].items()]


def ports_of(pod: Object) -> dict[str, int]:
    """Return a pod's ports by their names."""
    return {port["name"]: port["containerPort"] for container in containers(pod) for port in container.get("ports", [])}


def component(manifest: Object) -> str:
    """Return the part of the chart that an object belongs to."""
    return str(manifest["metadata"]["labels"]["app.kubernetes.io/component"])


def unused_ports(found: list[Object]) -> set[str]:
    """Return the ports of the LASTING objects that the backend sends nothing to; their pods need not have them."""
    backends = [named_container(pod, "backend") for _, pod in pods(found) if component(pod) == "backend"]
    env = {variable["name"]: variable.get("value") for backend in backends for variable in backend["env"]}
    used = {"xray-udp": env.get("AWS_XRAY_SDK_ENABLED") == "true", "otlp": "OTEL_EXPORTER_OTLP_ENDPOINT" in env}
    return {port for port, is_used in used.items() if not is_used}


@for_each(CASES)
def test_every_object_has_the_six_recommended_labels(value_set: ValueSet) -> None:
    """And each names its component."""
    for manifest in value_set.objects:
        labels = manifest["metadata"]["labels"]
        assert {**LASTING_LABELS, **VERSIONS}.items() <= labels.items(), manifest["metadata"]["name"]
        assert labels["app.kubernetes.io/component"]


@for_each(CASES)
def test_a_new_version_alone_replaces_no_pod(value_set: ValueSet) -> None:
    """The labels of a pod's template are the lasting ones."""
    for manifest, pod in pods(value_set.objects):
        if manifest["kind"] not in {"Job", "Pod"}:
            labels = pod["metadata"]["labels"]
            assert LASTING_LABELS.items() <= labels.items(), manifest["metadata"]["name"]
            assert not VERSIONS.keys() & labels.keys(), manifest["metadata"]["name"]


@for_each(EVERYTHING)
def test_labels_from_values_are_added(value_set: ValueSet) -> None:
    """Everywhere, and a part's own label wins over a common one."""
    found = value_set.objects
    assert {manifest["metadata"]["labels"]["team"] for manifest in found if manifest["kind"] != "PrometheusRule"} == {
        "shop"
    }
    assert {manifest["metadata"]["labels"]["team"] for manifest in of_kind(found, "PrometheusRule")} == {"alerts"}
    backend = named(found, "Deployment", "demo-cruddur-backend")
    assert backend["spec"]["template"]["metadata"]["labels"]["team"] == "backend"


@for_each(CASES)
def test_objects_are_unique(value_set: ValueSet) -> None:
    """By kind, namespace and name."""
    names = [
        (manifest["kind"], manifest["metadata"].get("namespace"), manifest["metadata"]["name"])
        for manifest in value_set.objects
    ]
    assert len(names) == len(set(names))


@for_each(CASES)
def test_every_object_names_its_namespace(value_set: ValueSet) -> None:
    """Tools that apply a rendered chart do not add it."""
    allowed = {NAMESPACE, *value_set.values.get("operator.namespaces", [])}
    for manifest in value_set.objects:
        assert (manifest["kind"] in NOT_NAMESPACED) is ("namespace" not in manifest["metadata"])
        assert manifest["metadata"].get("namespace", NAMESPACE) in allowed


def agents(found: list[Object], part: str) -> list[Object]:
    """Return the pods of the DaemonSets behind one of the LASTING objects; it may be there without any."""
    port = {"agent": "xray-tcp", "collector": "otel-health"}[part]
    return [pod for manifest, pod in pods(found) if manifest["kind"] == "DaemonSet" and port in ports_of(pod)]


@for_each(CASES)
def test_every_service_has_pods_with_its_ports(value_set: ValueSet) -> None:
    """All pods that a selector finds, not just one of them."""
    found = value_set.objects
    for service in of_kind(found, "Service"):
        chosen = selected(found, service["spec"]["selector"])
        wanted = {port["targetPort"] for port in service["spec"]["ports"]}
        if component(service) in LASTING:
            assert chosen == agents(found, component(service))
            wanted -= unused_ports(found)
        else:
            assert chosen, service["metadata"]["name"]
        assert all(wanted <= set(ports_of(pod)) for pod in chosen)


def test_services_and_policies_outlive_the_agents() -> None:
    """Previous pods send to the same addresses, and are admitted, until the last of them has ended."""

    def reachable(values: Values) -> list[Object]:
        found = render({"networkPolicy.enabled": True, **values})
        kept = [*of_kind(found, "Service"), *of_kind(found, "NetworkPolicy")]
        return [manifest for manifest in kept if component(manifest) in {"agent", "collector"}]

    before = reachable({})
    assert len(before) == 4
    ways: tuple[Values, ...] = (
        AWS,
        {**AWS, "tracing.agent": "collector"},
        {**AWS, "tracing.xraySdk.enabled": False},
        {"tracing.agent": "collector"},
        {"tracing.placement": "sidecar"},
        {"tracing.agent": "collector", "tracing.placement": "sidecar"},
        {"tracing.xraySdk.enabled": False},
        {"tracing.xraySdk.enabled": False, "tracing.placement": "sidecar"},
    )
    for values in ways:
        assert reachable(values) == before


def test_xray_local_admits_the_senders_of_both_placements() -> None:
    """A previous sidecar is in a pod of the backend."""
    node, sidecar = (
        named(
            render({"networkPolicy.enabled": True, "tracing.placement": where}),
            "NetworkPolicy",
            "demo-cruddur-xray-local",
        )
        for where in ("node", "sidecar")
    )
    assert node == sidecar


def test_numbers_and_booleans_are_valid_names() -> None:
    """A preview of pull request 2026 in a release `true`; YAML would read other types."""
    for manifest in render({"networkPolicy.enabled": True}, release="true"):
        names = [manifest["metadata"].get("namespace", ""), *manifest["metadata"]["labels"].values()]
        assert all(isinstance(name, str) for name in names), manifest["metadata"]["name"]
    for policy in of_kind(render({"networkPolicy.enabled": True}, release="true"), "NetworkPolicy"):
        assert policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "true"


@for_each(CASES)
def test_every_controller_selects_its_own_pods_only(value_set: ValueSet) -> None:
    """Two controllers must not select the same pods."""
    found = value_set.objects
    for manifest, pod in pods(found):
        if manifest["kind"] in {"Deployment", "DaemonSet"}:
            assert selected(found, manifest["spec"]["selector"]["matchLabels"]) == [pod]


@for_each(CASES)
def test_every_policy_and_budget_selects_pods(value_set: ValueSet) -> None:
    """And the ports that a NetworkPolicy names are theirs."""
    found = value_set.objects
    for policy in of_kind(found, "NetworkPolicy"):
        chosen = selected(found, policy["spec"]["podSelector"]["matchLabels"])
        allowed = {port["port"] for rule in policy["spec"].get("ingress", []) for port in rule["ports"]}
        if component(policy) in LASTING:
            assert chosen == agents(found, component(policy))
            allowed -= unused_ports(found)
        else:
            assert chosen, policy["metadata"]["name"]
        assert all(allowed <= {*ports_of(pod), *ports_of(pod).values()} for pod in chosen)
    for budget in of_kind(found, "PodDisruptionBudget"):
        assert selected(found, budget["spec"]["selector"]["matchLabels"])


@for_each(CASES)
def test_every_monitor_finds_its_port(value_set: ValueSet) -> None:
    """A ServiceMonitor by its Service, a PodMonitor in the pods."""
    found = value_set.objects
    for monitor in of_kind(found, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        services = [
            manifest for manifest in of_kind(found, "Service") if wanted <= manifest["metadata"]["labels"].items()
        ]
        names = [port["name"] for service in services for port in service["spec"]["ports"]]
        assert [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]] == names
    for monitor in of_kind(found, "PodMonitor"):
        (pod,) = selected(found, monitor["spec"]["selector"]["matchLabels"])
        assert {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= set(ports_of(pod))


@for_each(CASES)
def test_routes_and_scalers_refer_to_existing_objects(value_set: ValueSet) -> None:
    """Ingress and HTTPRoute the Service, the HorizontalPodAutoscaler the Deployment."""
    found = value_set.objects
    for ingress in of_kind(found, "Ingress"):
        for path in [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]:
            service = named(found, "Service", path["backend"]["service"]["name"])
            assert path["backend"]["service"]["port"]["name"] in [port["name"] for port in service["spec"]["ports"]]
    for route in of_kind(found, "HTTPRoute"):
        for to in [to for rule in route["spec"]["rules"] for to in rule["backendRefs"]]:
            service = named(found, "Service", to["name"])
            assert to["port"] in [port["port"] for port in service["spec"]["ports"]]
    for scaler in of_kind(found, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert "replicas" not in named(found, target["kind"], target["name"])["spec"]


def references(pod: Object) -> Iterator[tuple[str, str]]:
    """Yield what a pod asks for by name: kind and name."""
    spec = pod["spec"]
    yield from (("Secret", secret["name"]) for secret in spec.get("imagePullSecrets", []))
    for volume in spec.get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
    for container in containers(pod):
        sources: list[dict[str, Any]] = [variable.get("valueFrom", {}) for variable in container.get("env", [])]
        for source in [*sources, *container.get("envFrom", [])]:
            for field, kind in (("secretKeyRef", "Secret"), ("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
                if field in source:
                    yield kind, source[field]["name"]


@for_each(CASES)
def test_every_reference_of_a_pod_exists(value_set: ValueSet) -> None:
    """In the release, or among what the values name."""
    found = value_set.objects
    there = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in found}
    for _, pod in pods(found):
        assert {reference for reference in references(pod) if reference[1] not in BROUGHT} <= there


@for_each(CASES)
def test_every_mount_has_its_volume(value_set: ValueSet) -> None:
    """And every volume is mounted."""
    for _, pod in pods(value_set.objects):
        mounted = {mount["name"] for container in containers(pod) for mount in container.get("volumeMounts", [])}
        assert mounted == {volume["name"] for volume in pod["spec"].get("volumes", [])}


@for_each(CASES)
def test_every_account_exists(value_set: ValueSet) -> None:
    """For pods and bindings; `default` and the user's own do."""
    found = value_set.objects
    there = {manifest["metadata"]["name"] for manifest in of_kind(found, "ServiceAccount")} | {"default", "mine"}
    used = {pod["spec"].get("serviceAccountName", "default") for _, pod in pods(found)}
    bound = {
        subject["name"]
        for manifest in found
        if manifest["kind"] in {"RoleBinding", "ClusterRoleBinding"}
        for subject in manifest["subjects"]
    }
    assert used | bound <= there


@for_each(CASES)
def test_only_accounts_with_rights_have_a_token(value_set: ValueSet) -> None:
    """A pod whose account has no rights mounts no token."""
    found = value_set.objects
    bindings = [manifest for manifest in found if manifest["kind"] in {"RoleBinding", "ClusterRoleBinding"}]
    bound = {subject["name"] for binding in bindings for subject in binding["subjects"]}
    for _, pod in pods(found):
        has_rights = pod["spec"].get("serviceAccountName", "default") in bound
        assert pod["spec"]["automountServiceAccountToken"] is has_rights


@for_each(
    {
        name: CASES[name]
        for name in ("daemon-node-sdk-local-everything", "collector-sidecar-sdk-aws-everything", "namespaces")
    }
)
def test_no_name_is_too_long(value_set: ValueSet) -> None:
    """With the longest release name that Helm accepts, all names fit a label."""
    found = render(value_set.values, release=LONGEST)
    assert max(len(manifest["metadata"]["name"]) for manifest in found) <= 63
    texts = [text for manifest in found for text in manifest["metadata"]["labels"].values()]
    assert max(map(len, texts)) <= 63
    assert len(
        {(manifest["kind"], manifest["metadata"].get("namespace"), manifest["metadata"]["name"]) for manifest in found}
    ) == len(found)
