"""Values that contradict each other: each pair is refused by a line with the key, its value and what was expected."""

import json

import pytest

from tests.chart.matrix import AWS
from tests.chart.release import Values, refusal, render
from tools.chart import schema, values

ROLE = "arn:aws:iam::123456789012:role/tracing"
IRSA: Values = {**AWS, "aws.credentials.mode": "irsa"}
ROLES: Values = {f"aws.credentials.irsa.{part}RoleArn": ROLE for part in ("agent", "operator")}
POD_IDENTITY: Values = {**AWS, "aws.credentials.mode": "podIdentity"}
NONE: Values = {**AWS, "tracing.agent": "none"}
SCALING: Values = {"backend.autoscaling.enabled": True}
CONTRADICTIONS: list[tuple[Values, str]] = [
    (
        {"xrayLocal.enabled": False, "operator.clusterId": "prod"},
        "aws.region: '': expected a region such as eu-central-1 because xrayLocal.enabled is false",
    ),
    (
        {"xrayLocal.enabled": False, "aws.region": "eu-central-1"},
        (
            "operator.clusterId: '': expected this cluster's name because xrayLocal.enabled is false: "
            "the rules' owner tags in AWS contain it"
        ),
    ),
    (
        {**AWS, "aws.credentials.mode": "secret"},
        "aws.credentials.existingSecret: '': expected a Secret's name because aws.credentials.mode is 'secret'",
    ),
    (
        {**IRSA, "aws.credentials.irsa.operatorRoleArn": ROLE},
        "aws.credentials.irsa.agentRoleArn: '': expected a role's ARN because aws.credentials.mode is 'irsa'",
    ),
    (
        {**IRSA, "aws.credentials.irsa.agentRoleArn": ROLE},
        (
            "aws.credentials.irsa.operatorRoleArn: '': expected a role's ARN because aws.credentials.mode is 'irsa' "
            "and operator.enabled is true"
        ),
    ),
    *(
        (
            {**POD_IDENTITY, "daemon.image.tag": tag},
            f"daemon.image.tag: '{tag}': expected 3.6.0 or newer because aws.credentials.mode is 'podIdentity'",
        )
        for tag in ("3.5.0", "3.5", "2.x", "3.3.14-amd64")
    ),
    (
        {**IRSA, "aws.credentials.irsa.operatorRoleArn": ROLE, "tracing.serviceAccount.create": False},
        (
            "tracing.serviceAccount.name: '': expected an account's name because tracing.serviceAccount.create is "
            "false and aws.credentials.mode is 'irsa'"
        ),
    ),
    *(
        (
            {**IRSA, **ROLES, f"{group}.serviceAccount": {"create": False, "name": "mine"}},
            (
                f"aws.credentials.irsa.{part}RoleArn: '{ROLE}': expected '' because {group}.serviceAccount.create is "
                "false: the annotation of the account 'mine' names its role"
            ),
        )
        for part, group in (("agent", "tracing"), ("operator", "operator"))
    ),
    (
        {"operator.serviceAccount.create": False},
        (
            "operator.serviceAccount.name: '': expected an account's name because operator.serviceAccount.create is "
            "false: otherwise every pod of the namespace would have the operator's rights"
        ),
    ),
    (
        {"tracing.serviceAccount.name": "mine", "operator.serviceAccount.name": "mine"},
        (
            "tracing.serviceAccount.name: 'mine': expected another name because operator.serviceAccount creates an "
            "account of that name"
        ),
    ),
    (
        {"destinations.honeycomb.enabled": True},
        (
            "destinations.honeycomb.existingSecret: '': expected a Secret's name (or a key in "
            "destinations.honeycomb.apiKey) because destinations.honeycomb.enabled is true"
        ),
    ),
    (
        {
            "destinations.honeycomb.enabled": True,
            "destinations.honeycomb.apiKey": "key",
            "destinations.honeycomb.existingSecret": "mine",
        },
        "destinations.honeycomb.apiKey, destinations.honeycomb.existingSecret: both are set: expected one of the two",
    ),
    (
        {"tracing.hostPort": True, "tracing.placement": "sidecar"},
        "tracing.hostPort: 'true': expected false because tracing.placement is 'sidecar'",
    ),
    (
        {"tracing.placement": "sidecar", "backend.enabled": False},
        (
            "tracing.placement: 'sidecar': expected node because backend.enabled is false: "
            "there is no pod for the sidecar"
        ),
    ),
    *(
        (
            {"collector.queue.maxElapsedTime": time},
            (
                f"collector.queue.maxElapsedTime: '{time}': expected 0s (no limit) or at least 30s, "
                "the longest pause between two attempts"
            ),
        )
        for time in ("1s", "29.9s", "29999ms", "0.4m")
    ),
    (
        {"destinations.otlp": {"honeycomb": {"endpoint": "http://a"}}},
        "destinations.otlp: 'honeycomb': expected another name because the chart has a pipeline of that name",
    ),
    (
        {"destinations.otlp": {"segments-to-xray": {"endpoint": "http://a"}}},
        ("destinations.otlp: 'segments-to-xray': expected another name because the chart has a pipeline of that name"),
    ),
    (
        {**AWS, "aws.credentials.existingSecret": "keys"},
        "aws.credentials.mode: 'none': expected secret because aws.credentials.existingSecret is set",
    ),
    (
        {**AWS, "aws.credentials.irsa.agentRoleArn": ROLE},
        "aws.credentials.mode: 'none': expected irsa because aws.credentials.irsa.agentRoleArn is set",
    ),
    *(
        (
            {"tracing.placement": "sidecar", "tracing.agent": agent, "backend.port": port},
            (
                f"backend.port: '{port}': expected another port because tracing.placement is 'sidecar' and the "
                f"{listener} in the pod listens there"
            ),
        )
        for agent, port, listener in (
            ("daemon", 2000, "daemon"),
            ("collector", 2000, "collector"),
            ("daemon", 4318, "collector"),
            ("daemon", 8888, "collector"),
            ("daemon", 13133, "collector"),
        )
    ),
    (
        {"tracing.placement": "sidecar", "tracing.xraySdk.enabled": False, "backend.port": 2000},
        (
            "backend.port: '2000': expected another port because tracing.placement is 'sidecar' and the collector in "
            "the pod listens there"
        ),
    ),
    (
        {"backend.enabled": False, "backend.ingress": {"enabled": True, "hosts": [{"host": "a.example"}]}},
        "backend.ingress.enabled: 'true': expected false because backend.enabled is false",
    ),
    (
        {
            **{f"{part}.service.type": "NodePort" for part in ("backend", "xrayLocal")},
            **{f"{part}.service.nodePort": 30080 for part in ("backend", "xrayLocal")},
        },
        "xrayLocal.service.nodePort: '30080': expected another port because backend.service.nodePort is the same",
    ),
    (
        {**SCALING, "tracing.placement": "sidecar", "collector.resources.requests": {"cpu": None}},
        (
            "collector.resources.requests.cpu: not set: expected a quantity because backend.autoscaling measures its "
            "share"
        ),
    ),
    (
        {**SCALING, "backend.autoscaling.minReplicas": 7},
        "backend.autoscaling.minReplicas: '7': expected at most maxReplicas, which is 6",
    ),
    (
        {**SCALING, "backend.autoscaling.targetCPUUtilizationPercentage": None},
        (
            "backend.autoscaling.targetCPUUtilizationPercentage: 'null': expected a percentage there or in "
            "targetMemoryUtilizationPercentage"
        ),
    ),
    (
        {**SCALING, "backend.resources.requests": {"cpu": None}},
        "backend.resources.requests.cpu: not set: expected a quantity because backend.autoscaling measures its share",
    ),
    (
        {"backend.service.nodePort": 30080},
        "backend.service.nodePort: '30080': expected null because backend.service.type is 'ClusterIP'",
    ),
    (
        {"xrayLocal.service.nodePort": 30081},
        "xrayLocal.service.nodePort: '30081': expected null because xrayLocal.service.type is 'ClusterIP'",
    ),
    (
        {"backend.ingress.enabled": True},
        "backend.ingress.hosts: '[]': expected a list of hosts because backend.ingress.enabled is true",
    ),
    (
        {"backend.httpRoute.enabled": True},
        "backend.httpRoute.parentRefs: '[]': expected a list of Gateways because backend.httpRoute.enabled is true",
    ),
    (
        NONE,
        (
            "tracing.existing.agentAddress: '': expected HOST:2000 because tracing.agent is 'none' and "
            "backend.enabled is true"
        ),
    ),
    (
        {**NONE, "tracing.existing.agentAddress": "a:2000", "tracing.xraySdk.enabled": False},
        (
            "tracing.existing.otlpEndpoint: '': expected a collector's URL because tracing.agent is 'none' and "
            "tracing.xraySdk.enabled is false"
        ),
    ),
    *(
        ({**NONE, "backend.enabled": False, **more}, f"{message} because tracing.agent is 'none'{why}")
        for more, message, why in (
            ({"tracing.placement": "sidecar"}, "tracing.placement: 'sidecar': expected node", ""),
            ({"tracing.hostPort": True}, "tracing.hostPort: 'true': expected false", ""),
            (
                {"destinations.honeycomb": {"enabled": True, "apiKey": "key"}},
                "destinations.honeycomb.enabled: 'true': expected false",
                ": no collector runs",
            ),
            (
                {"destinations.otlp": {"b": {"endpoint": "http://b"}, "a": {"endpoint": "http://a"}}},
                "destinations.otlp: 'a, b': expected {}",
                ": no collector runs",
            ),
        )
    ),
    (
        {"tracing.existing.otlpEndpoint": "http://a:4318"},
        "tracing.agent: 'daemon': expected none because tracing.existing.otlpEndpoint is set",
    ),
    *(
        (
            {f"{part}.podLabels": {"app.kubernetes.io/name": "shop"}},
            f"{part}.podLabels: 'app.kubernetes.io/name': expected another label because the chart sets it",
        )
        for part in ("podDefaults", "tests")
    ),
    (
        {"commonLabels": {"app.kubernetes.io/name": "shop"}},
        "commonLabels: 'app.kubernetes.io/name': expected another label because the chart sets it",
    ),
    (
        {"daemon.podLabels": {"xray.cruddur.io/agent": "false"}},
        "daemon.podLabels: 'xray.cruddur.io/agent': expected another label because the chart sets it",
    ),
]


@pytest.mark.parametrize(("given", "message"), CONTRADICTIONS, ids=[message for _, message in CONTRADICTIONS])
def test_values_that_contradict_each_other_are_refused(given: Values, message: str) -> None:
    """One line names the key, its value, and what was expected."""
    assert refusal(given) == [message]


@pytest.mark.parametrize("value", [False, {"enabled": True}])
def test_a_value_of_earlier_versions_is_refused_with_its_successor(value: object) -> None:
    """Whatever it is set to."""
    expected = [f"{path}: no longer a value of this chart: expected {new}" for path, new in schema.renamed().items()]
    assert sorted(refusal(dict.fromkeys(schema.renamed(), value))) == sorted(expected)


@pytest.mark.parametrize("replacement", schema.renamed().values())
def test_the_successor_is_a_value_of_the_chart(replacement: str) -> None:
    """By the path at the end of the message."""
    known = {value.path for value in values.read()}
    successor = replacement.rpartition(" ")[2].replace("backend.", "podDefaults.").replace("operator.", "podDefaults.")
    assert any(name == successor or name.startswith(f"{successor}.") for name in known)


def test_all_contradictions_are_reported_at_once() -> None:
    """One installation finds all of them."""
    assert len(refusal({"xrayLocal.enabled": False, "tracing.hostPort": True, "tracing.placement": "sidecar"})) == 3


@pytest.mark.parametrize(
    "given",
    [
        {**IRSA, "aws.credentials.irsa.agentRoleArn": ROLE, "operator.enabled": False},
        {**IRSA, **{f"{group}.serviceAccount": {"create": False, "name": "mine"} for group in ("tracing", "operator")}},
        {
            **IRSA,
            "aws.credentials.irsa.operatorRoleArn": ROLE,
            "tracing.serviceAccount.annotations": {"eks.amazonaws.com/role-arn": ROLE},
        },
        {**POD_IDENTITY, "daemon.image.tag": "3.6.0"},
        {**POD_IDENTITY, "daemon.image.tag": "latest"},
        {**POD_IDENTITY, "daemon.image.tag": "3.5.0", "tracing.agent": "collector"},
        {"xrayLocal.enabled": False, "aws.region": "eu-central-1", "operator.enabled": False},
        {"aws.region": "eu-central-1", "operator.clusterId": "prod"},
        {**IRSA, "aws.credentials.irsa.operatorRoleArn": ROLE, "backend.enabled": False, "tracing.agent": "none"},
        {"tracing.hostPort": True, "tracing.xraySdk.enabled": False},
        {"backend.service.type": "NodePort", "backend.service.nodePort": 30080},
        {"tracing.serviceAccount.name": "mine", "backend.serviceAccount": {"create": False, "name": "mine"}},
        {**SCALING, "backend.resources": {"requests": {"cpu": None}, "limits": {"cpu": "1"}}},
    ],
    ids=json.dumps,
)
def test_only_what_is_needed_is_required(given: Values) -> None:
    """A role that no pod uses, or a daemon's version without a daemon, is not."""
    assert render(given)
