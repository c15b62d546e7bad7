"""What Helm prints after an installation: the next commands, and what is off or will surprise."""

import json
from typing import Any

import pytest

from tests.chart.matrix import AWS
from tests.chart.release import NAMESPACE, RELEASE, Values, nested, run_helm
from tools.chart.values import CHART

FORGETS = "- xray-local has no login, and loses traces, rules and groups when its pod is deleted: not for production."
ENDS = (
    "- The X-Ray daemon is in maintenance mode (security fixes only): "
    "tracing.agent=collector replaces it, and addresses do not change."
)
NOT_EXPORTED = (
    "- OpenTelemetry's spans are not exported: destinations.honeycomb.enabled and destinations.otlp are not set."
)
NO_HONEYCOMB = "- Nothing is sent to Honeycomb: destinations.honeycomb.enabled is false."


def notes(given: Values) -> list[str]:
    """Return the lines of the notes; no cluster is asked."""
    options = ("--namespace", NAMESPACE, "--dry-run=client", "--values", "-")
    run = run_helm("install", RELEASE, CHART, *options, given=json.dumps(nested(given)))
    assert run.returncode == 0, run.stderr
    return [line for line in run.stdout.partition("NOTES:\n")[2].splitlines() if line]


def warnings(given: Values) -> list[str]:
    """Return the warnings among them."""
    return [line for line in notes(given) if line.startswith("- ")]


def test_the_notes_list_the_next_commands() -> None:
    """A request, its trace, and the test of the whole path."""
    assert notes({})[:8] == [
        "Send a request:",
        "  kubectl -n shop port-forward service/demo-cruddur-backend 4567:4567 &",
        "  curl http://localhost:4567/api/activities/home",
        "See its trace:",
        "  kubectl -n shop port-forward service/demo-cruddur-xray-local 8900 &",
        "  http://localhost:8900 in a browser",
        "Check the whole path:",
        "  helm -n shop test demo --logs",
    ]


TLS = {"enabled": True, "hosts": [{"host": "a.example"}], "tls": [{"secretName": "a"}]}
EITHER = ".status.loadBalancer.ingress[0].ip}{.status.loadBalancer.ingress[0].hostname"
BY_KUBECTL = "$(kubectl -n shop get service demo-cruddur-backend -o jsonpath='{%s}')"


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({"backend.ingress": TLS}, "curl https://a.example/api/activities/home"),
        ({"backend.service": {"type": "NodePort", "nodePort": 30567}}, "curl http://NODE:30567/api/activities/home"),
        (
            {"backend.service": {"type": "NodePort"}},
            f"curl http://NODE:{BY_KUBECTL % '.spec.ports[0].nodePort'}/api/activities/home",
        ),
        (
            {"backend.service": {"type": "LoadBalancer", "port": 80}},
            f"curl http://{BY_KUBECTL % EITHER}:80/api/activities/home",
        ),
    ],
)
def test_the_request_uses_the_exposed_address(given: Values, command: str) -> None:
    """An Ingress, a node's port, a load balancer, or a forwarded port."""
    assert f"  {command}" in notes(given)


PRODUCTION: Values = {
    **AWS,
    "aws.credentials.mode": "podIdentity",
    "destinations.honeycomb.enabled": True,
    "destinations.honeycomb.existingSecret": "mine",
    "tracing.agent": "collector",
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [FORGETS, ENDS, NO_HONEYCOMB]),
        (PRODUCTION, []),
        ({**PRODUCTION, "tracing.agent": "daemon"}, [ENDS]),
        ({**PRODUCTION, "tracing.agent": "daemon", "tracing.xraySdk.enabled": False}, []),
        ({**PRODUCTION, "destinations.honeycomb.enabled": False, "tracing.xraySdk.enabled": False}, [NO_HONEYCOMB]),
        (
            {**PRODUCTION, "destinations.honeycomb.enabled": False},
            [NOT_EXPORTED],
        ),
        (
            {**PRODUCTION, "aws.credentials.mode": "none"},
            [
                (
                    '- aws.credentials.mode is "none": the pods use their node\'s role, '
                    "which requires a hop limit of 2 or more for the instance metadata."
                )
            ],
        ),
        ({"destinations.honeycomb.enabled": True, "destinations.honeycomb.apiKey": "key"}, [FORGETS, ENDS]),
        (
            {
                **PRODUCTION,
                "destinations.honeycomb.enabled": False,
                "tracing.agent": "daemon",
                "collector.config": {"processors": {"batch": {"timeout": "5s"}}},
            },
            [
                ENDS,
                NOT_EXPORTED,
                "- collector.config has no effect: no collector runs, since no exporter for spans is set.",
            ],
        ),
        (
            {**PRODUCTION, "backend.tolerations": [{"operator": "Exists"}]},
            [
                (
                    "- What the backend's pods send to the collector on tainted nodes is lost: backend.tolerations is "
                    "set and collector.tolerations is not, and each node's collector serves that node only."
                )
            ],
        ),
        (
            {**PRODUCTION, "operator.cleanup.enabled": False},
            [
                (
                    "- helm uninstall leaves rules and groups in the cluster and in X-Ray: operator.cleanup.enabled "
                    "is false. See docs/operator.md for the steps before it."
                )
            ],
        ),
        (
            {**PRODUCTION, "backend.podDisruptionBudget.maxUnavailable": 0},
            [("- No node with a pod of the backend can be drained: backend.podDisruptionBudget.maxUnavailable is 0.")],
        ),
        (
            {**PRODUCTION, "operator.enabled": False},
            ["- XRaySamplingRules and XRayGroups wait for another release's operator: operator.enabled is false."],
        ),
        (
            {**PRODUCTION, "backend.extraEnv": [{"name": "OTEL_TRACES_SAMPLER", "value": "always_on"}]},
            [
                (
                    "- X-Ray's sampling rules do not decide: backend.extraEnv sets OTEL_TRACES_SAMPLER, which takes "
                    "precedence."
                )
            ],
        ),
        ({**PRODUCTION, "backend.extraEnv": [{"name": "OTEL_TRACES_SAMPLER", "value": "xray"}]}, []),
        (
            {**PRODUCTION, "operator.namespaces": ["kitchen"], "sampling.groups": {"a": {}}},
            [
                (
                    "- sampling.rules and sampling.groups wait for another release's operator: "
                    'operator.namespaces does not have "shop".'
                )
            ],
        ),
        (
            {**PRODUCTION, "tracing.hostPort": True},
            [
                (
                    "- tracing.hostPort opens port 2000 of every node. Pod Security baseline forbids it, and a rollout "
                    "of the agent loses segments: two pods cannot share the port, and the node may keep sending UDP "
                    "to the old pod."
                )
            ],
        ),
        (
            {**PRODUCTION, "tracing.hostPort": True, "tracing.xraySdk.enabled": False},
            [
                (
                    "- tracing.hostPort opens port 2000 of every node. Pod Security baseline forbids it, and a rollout "
                    "of the agent has a gap without sampling rules: two pods cannot share the port."
                )
            ],
        ),
        (
            {**PRODUCTION, "collector.resources.limits": {"memory": None}},
            ["- collector.resources.limits.memory is not set: the node's memory is its limit."],
        ),
    ],
)
def test_the_notes_warn_of_what_is_off_or_unexpected(given: Values, expected: list[Any]) -> None:
    """One line each, and none with production values."""
    assert warnings(given) == expected
