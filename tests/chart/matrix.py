"""The value sets that every check of the chart goes over."""

from itertools import product

import yaml

from tests.chart.release import Values
from tools.provide import ROOT

ROLE = "arn:aws:iam::123456789012:role/tracing"
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
KEY = "hcaik_a-key-of-honeycomb"

AWS: Values = {"xrayLocal.enabled": False, "aws.region": "eu-central-1", "operator.clusterId": "prod"}

RULE = {
    "priority": 10,
    "fixedRate": 0.5,
    "reservoirSize": 1,
    "attributes": {"a": "b"},
    "expiresAt": "2027-01-01T00:00:00Z",
}
GROUP = {"filterExpression": "fault = true", "insightsConfiguration": {"insightsEnabled": True}}

SAFE = {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
# Whatever can be switched on beside the ways of tracing.
ALL_OPTIONS: Values = {
    "commonLabels": {"team": "shop"},
    "commonAnnotations": {"owner": "shop"},
    "podDefaults.initContainers": [{"name": "wait", "image": "wait:1", "securityContext": SAFE}],
    "podDefaults.extraContainers": [{"name": "proxy", "image": "proxy:1", "securityContext": SAFE}],
    "podDefaults.extraVolumes": [{"name": "ca", "configMap": {"name": "mine"}}],
    "podDefaults.extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ssl/certs", "readOnly": True}],
    "podDefaults.annotations": {"reloader": "true"},
    "podDefaults.dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
    "podDefaults.hostAliases": [{"ip": "10.0.0.1", "hostnames": ["registry"]}],
    "podDefaults.runtimeClassName": "gvisor",
    "imagePullSecrets": [{"name": "registry"}],
    "tracing.anomalies": {"perSecond": 2, "slowSeconds": 0.5},
    "destinations.honeycomb.enabled": True,
    "destinations.honeycomb.apiKey": KEY,
    "destinations.honeycomb.dataset": "traces",
    "destinations.otlp": {"tempo": {"endpoint": "http://tempo:4318", "headers": {"X-Scope-OrgID": "shop"}}},
    "backend.image.digest": DIGEST,
    "backend.command": ["gunicorn"],
    "backend.args": ["app:app"],
    "backend.extraEnv": [{"name": "DEBUG", "value": "1"}],
    "backend.envFrom": [{"configMapRef": {"name": "mine"}}],
    "backend.extraVolumes": [{"name": "scratch", "emptyDir": {}}],
    "backend.extraVolumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    "backend.service": {"type": "NodePort", "nodePort": 30080, "annotations": {"a": "b"}},
    "backend.autoscaling": {"enabled": True, "targetMemoryUtilizationPercentage": 80, "behavior": {"scaleDown": {}}},
    "backend.podDisruptionBudget.maxUnavailable": "25%",
    "backend.ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"a": "b"},
        "hosts": [
            {"host": "a.example.com"},
            {"host": "b.example.com", "paths": [{"path": "/api", "pathType": "Exact"}]},
        ],
        "tls": [{"secretName": "tls", "hosts": ["a.example.com"]}],
    },
    "backend.httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}], "hostnames": ["a.example.com"]},
    "backend.podAnnotations": {"a": "b"},
    "backend.podLabels": {"team": "backend"},
    "backend.nodeSelector": {"kubernetes.io/arch": "amd64"},
    "backend.tolerations": [{"operator": "Exists"}],
    "backend.priorityClassName": "high",
    "daemon.extraArgs": ["-a", "arn:aws:eks:eu-central-1:123456789012:cluster/prod"],
    "daemon.podLabels": {"team": "platform"},
    "daemon.tolerations": [{"operator": "Exists"}],
    "daemon.config": {"Concurrency": 4},
    "collector.config": {"exporters": {"debug": {}}, "service": {"telemetry": {"logs": {"encoding": "json"}}}},
    "collector.podLabels": {"team": "platform"},
    "collector.envFrom": [{"secretRef": {"name": "keys"}}],
    "xrayLocal.persistInPod": True,
    "xrayLocal.allowHosts": ["xray.example.com"],
    "xrayLocal.service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
    "operator.priorityClassName": "high",
    "sampling.rules": {"home": RULE},
    "sampling.groups": {"faults": GROUP},
    "networkPolicy.enabled": True,
    "networkPolicy.egress": {
        "enabled": True,
        "awsTo": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "backendRules": [{"ports": [{"port": 5432}]}],
        "agentRules": [{"ports": [{"port": 9092}]}],
    },
    "networkPolicy.backendFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
    "networkPolicy.xrayLocalFrom": [{"podSelector": {}}],
    "networkPolicy.agentFrom": [{"podSelector": {"matchLabels": {"traced": "true"}}}],
    "networkPolicy.metricsFrom": [{"namespaceSelector": {}}],
    "monitoring.serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "monitoring.grafanaDashboard": {"enabled": True, "annotations": {"folder": "tracing"}},
    "monitoring.prometheusRule": {
        "enabled": True,
        "labels": {"team": "alerts"},
        "extraRules": [{"alert": "Mine", "expr": "vector(1)"}],
    },
}

_TARGETS: dict[str, Values] = {
    "local": {},
    "aws": {
        **AWS,
        "aws.credentials.mode": "irsa",
        "aws.credentials.irsa.agentRoleArn": ROLE,
        "aws.credentials.irsa.operatorRoleArn": ROLE,
    },
}
_OPTIONS: dict[str, Values] = {"plain": {}, "everything": ALL_OPTIONS}


def _ways() -> dict[str, Values]:
    ways: dict[str, Values] = {}
    for agent, placement, sdk, target, option in product(
        ("daemon", "collector"), ("node", "sidecar"), (True, False), _TARGETS, _OPTIONS
    ):
        name = "-".join((agent, placement, "sdk" if sdk else "otel", target, option))
        tracing = {"tracing.agent": agent, "tracing.placement": placement, "tracing.xraySdk.enabled": sdk}
        ways[name] = {**tracing, **_TARGETS[target], **_OPTIONS[option]}
    return ways


KIND: dict[str, Values] = {
    f"kind-{file.stem}": yaml.safe_load(file.read_text()) for file in sorted(ROOT.glob("deploy/kind/*values.yaml"))
}
HOST_PORT: dict[str, Values] = {
    "host-port-daemon": {"tracing.hostPort": True},
    "host-port-collector": {"tracing.hostPort": True, "tracing.agent": "collector"},
    "host-port-otel-collector": {"tracing.hostPort": True, "tracing.xraySdk.enabled": False},
}
CASES: dict[str, Values] = {
    **_ways(),
    **KIND,
    **HOST_PORT,
    "pod-identity": {**AWS, "aws.credentials.mode": "podIdentity"},
    "secret": {**AWS, "aws.credentials.mode": "secret", "aws.credentials.existingSecret": "keys"},
    "secret-sidecar": {
        **AWS,
        "aws.credentials": {"mode": "secret", "existingSecret": "keys"},
        "tracing.placement": "sidecar",
        "tracing.agent": "collector",
    },
    "vpc-endpoint": {**AWS, "aws.endpoint": "https://vpce-1.xray.eu-central-1.vpce.amazonaws.com/"},
    "vpc-endpoint-otel": {**AWS, "aws.endpoint": "https://xray.internal", "tracing.xraySdk.enabled": False},
    "existing-secret": {"destinations.honeycomb.enabled": True, "destinations.honeycomb.existingSecret": "mine"},
    "no-backend": {"backend.enabled": False, "networkPolicy.enabled": True},
    "no-operator": {"operator.enabled": False, "monitoring.prometheusRule.enabled": True},
    "only-backend": {**AWS, "operator.enabled": False, "monitoring.prometheusRule.enabled": True},
    "namespaces": {"operator.namespaces": ["shop", "kitchen"]},
    "own-accounts": {
        "backend.serviceAccount": {"create": False, "name": "mine"},
        "tracing.serviceAccount": {"create": False},
        "operator.serviceAccount": {"create": True, "name": "operator"},
    },
    "no-limits": {"collector.resources": {"limits": None}, "backend.resources": {"limits": None}},
    "no-agents": {
        **AWS,
        "tracing.agent": "none",
        "tracing.existing": {"agentAddress": "cruddur-agent.tracing:2000", "otlpEndpoint": "http://a.tracing:4318"},
        "networkPolicy.enabled": True,
    },
    "no-agents-host-port": {**AWS, "tracing.agent": "none", "tracing.existing.agentAddress": "$(HOST_IP):2000"},
    "operator-alone": {**AWS, "tracing.agent": "none", "backend.enabled": False},
    "agents-alone": {
        **AWS,
        "backend.enabled": False,
        "operator.enabled": False,
        "tracing.agent": "collector",
        "networkPolicy.enabled": True,
    },
    "ipv6": {"ipv6": True, "tracing.agent": "collector", "networkPolicy.enabled": True},
    "ipv6-otel": {**AWS, "ipv6": True, "tracing.xraySdk.enabled": False},
    "openshift": {"openshift": True},
    "fips": {**AWS, "aws.fips": True},
    "fips-otel": {**AWS, "aws.fips": True, "tracing.xraySdk.enabled": False},
    "europe": {**AWS, "aws.region": "eusc-de-east-1", "tracing.agent": "collector"},
    "other-account": {**AWS, "aws.roleArn": ROLE, "tracing.agent": "collector"},
    "other-account-otel": {**AWS, "aws.roleArn": ROLE, "tracing.xraySdk.enabled": False},
    "egress": {"networkPolicy": {"enabled": True, "egress": {"enabled": True}}},
    "queue-volume": {"collector.queue.volume": {"emptyDir": {}}, "tracing.agent": "collector"},
    "queue-volume-sidecar": {"collector.queue.volume": {"emptyDir": {}}, "tracing.placement": "sidecar"},
    "no-replicas": {"backend.replicas": None},
    "no-waiting": {"tracing.handoverSeconds": 0, "backend.drainSeconds": 0},
    "no-probes": {f"backend.probes.{kind}.enabled": False for kind in ("liveness", "readiness", "startup")},
}
EVERYTHING: dict[str, Values] = {name: values for name, values in CASES.items() if "everything" in name}
