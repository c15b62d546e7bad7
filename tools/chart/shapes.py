"""What each value of the chart may be, beyond the type of its default: path or pattern of paths -> JSON schema.

`schema` adds the types and the descriptions. A path counts before a pattern that matches it too. What
contradicts another value is not here but in templates/_validate.tpl, which can say so in words.
"""

from typing import Any

Schema = dict[str, Any]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUANTITY = "[0-9]+([.][0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?"
_DURATION = "([0-9]+([.][0-9]+)?(ms|s|m|h))+"


def _text(pattern: str, **more: Any) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}$", **more}


def _or_empty(pattern: str, **more: Any) -> Schema:
    return _text(f"({pattern})?", **more)


def _whole(least: int, most: int | None = None) -> Schema:
    return {"type": "integer", "minimum": least, **({} if most is None else {"maximum": most})}


def _number(least: float, most: float) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _choice(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _only(properties: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required)}


def _named(pattern: str, values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "patternProperties": {f"^{pattern}$": values}}


# A structure of Kubernetes', of the collector's or of the daemon's, which they check themselves.
_FOREIGN: Schema = {"type": "object"}
_FOREIGN_WITH_NAME: Schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
_TEXT: Schema = {"type": "string"}
_PORT = _whole(1, 65535)
_PATH = _text(r"/\S*")
_QUANTITIES = _map({"type": ["string", "number"], "pattern": f"^{_QUANTITY}$"})
_LABELS = _map(_text("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", maxLength=63))
_HOST = r"(\*\.)?" + _SUBDOMAIN
_ROLE = _or_empty("arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")
_URL = r"https?://[^\s/]+\S*"
_VARIABLE = _only(
    {"name": _text("[A-Za-z_][A-Za-z0-9_.-]*"), "value": _TEXT, "valueFrom": _FOREIGN},
    "name",
)
_INGRESS_PATH = _only({"path": _PATH, "pathType": _choice("Prefix", "Exact", "ImplementationSpecific")}, "path")
_PARENT = {
    **dict.fromkeys(("group", "kind", "namespace", "name", "sectionName"), _TEXT),
    "port": _PORT,
}

SHAPES: dict[str, Schema] = {
    "nameOverride": _or_empty(_LABEL, maxLength=40),
    "fullnameOverride": _or_empty(_LABEL, maxLength=40),
    "commonLabels": _LABELS,
    "extraObjects": _list({"type": ["object", "string"]}),
    "*.podLabels": _LABELS,
    "monitoring.*.labels": _LABELS,
    "imagePullSecrets": _list(_only({"name": _text(_SUBDOMAIN)}, "name")),
    # Which characters a segment's name may have: the X-Ray developer guide, "Segment documents".
    "serviceName": _text(r"[\p{L}\p{N}\p{Z}_.:/%&#=+\\@-]{1,64}"),
    "tracing.agent": _choice("daemon", "collector", "none"),
    "tracing.existing.agentAddress": _or_empty(r"(\$\(HOST_IP\)|[^\s/:]+):[0-9]+"),
    "tracing.existing.otlpEndpoint": _or_empty(_URL),
    "tracing.placement": _choice("node", "sidecar"),
    "tracing.handoverSeconds": _whole(0, 3600),
    "tracing.anomalies.perSecond": _whole(0),
    "tracing.anomalies.slowSeconds": _or_null({"type": "number", "exclusiveMinimum": 0}),
    "tracing.excludedPaths": _list(_text(r"/[^\s,]*")),
    "aws.region": _or_empty("[a-z]{2,}(-[a-z]+)+-[0-9]+"),
    "aws.endpoint": _or_empty(_URL),
    "aws.roleArn": _ROLE,
    "aws.credentials.mode": _choice("irsa", "podIdentity", "secret", "none"),
    "aws.credentials.irsa.*": _ROLE,
    "*.existingSecret": _or_empty(_SUBDOMAIN),
    "destinations.honeycomb.existingSecretKey": _text("[-._a-zA-Z0-9]+"),
    "destinations.honeycomb.endpoint": _text(_URL),
    "destinations.otlp": _named(
        "[a-zA-Z0-9][a-zA-Z0-9_.-]*",
        {"type": "object", "properties": {"endpoint": _text(_URL)}, "required": ["endpoint"]},
    ),
    # A name with a port of the registry's, and no tag: that is another value.
    "*.image.repository": _text(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?"),
    "*.image.tag": _or_empty(r"\w[\w.-]{0,127}"),
    "*.image.digest": _or_empty("sha256:[0-9a-f]{64}"),
    "*.image.pullPolicy": _choice("Always", "IfNotPresent", "Never"),
    "*.extraEnv": _list(_VARIABLE),
    "*.envFrom": _list(_FOREIGN),
    "*.extraArgs": _list(_TEXT),
    "*.resources": _only({"requests": _QUANTITIES, "limits": _QUANTITIES, "claims": _list(_FOREIGN)}),
    "*nnotations": _map(_TEXT),
    "*.nodeSelector": _map(_TEXT),
    "*.tolerations": _list(_FOREIGN),
    "*.affinity": _FOREIGN,
    "*ClassName": _or_empty(_SUBDOMAIN),
    "*.topologySpreadConstraints": _list(_FOREIGN),
    "*.dnsPolicy": _choice("", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "*.dnsConfig": _FOREIGN,
    "*.hostAliases": _list(_FOREIGN),
    "*.terminationGracePeriodSeconds": _or_null(_whole(0)),
    "*.strategy": _FOREIGN,
    "*.lifecycle": _FOREIGN,
    "*Containers": _list(_FOREIGN_WITH_NAME),
    "*.extraVolumes": _list(_FOREIGN_WITH_NAME),
    "*.extraVolumeMounts": _list(_FOREIGN_WITH_NAME),
    "*ecurityContext": _FOREIGN,
    "*.serviceAccount.name": _or_empty(_SUBDOMAIN),
    "*.service.type": _choice("ClusterIP", "NodePort", "LoadBalancer"),
    "*.nodePort": _or_null(_PORT),
    "backend.command": _list(_TEXT),
    "backend.args": _list(_TEXT),
    "backend.port": _PORT,
    "backend.service.port": _PORT,
    "backend.replicas": _or_null(_whole(0)),
    "backend.workers": _whole(1, 256),
    "backend.drainSeconds": _whole(0, 3600),
    "backend.gracefulTimeoutSeconds": _whole(1, 3600),
    "backend.logLevel": _choice("debug", "info", "warning", "error", "critical"),
    "backend.probes.*.path": _PATH,
    "backend.probes.*Seconds": _whole(1),
    "backend.probes.*.failureThreshold": _whole(1),
    "backend.autoscaling.*Replicas": _whole(1),
    "backend.autoscaling.target*": _or_null(_whole(1)),
    "backend.autoscaling.behavior": _FOREIGN,
    "backend.podDisruptionBudget.maxUnavailable": {"type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+%$"},
    "backend.ingress.hosts": _list(_only({"host": _text(_HOST), "paths": _list(_INGRESS_PATH)}, "host")),
    "backend.ingress.tls": _list(_only({"secretName": _text(_SUBDOMAIN), "hosts": _list(_text(_HOST))})),
    "backend.httpRoute.parentRefs": _list(_only(_PARENT, "name")),
    "backend.httpRoute.hostnames": _list(_text(_HOST)),
    "backend.httpRoute.matches": _list(_FOREIGN, minItems=1),
    "backend.httpRoute.filters": _list(_FOREIGN),
    "daemon.bufferMemoryMB": _whole(3),
    "daemon.logLevel": _choice("dev", "debug", "info", "warn", "error", "prod"),
    "daemon.config": _FOREIGN,
    "collector.config": _FOREIGN,
    "collector.batch.timeout": _text(_DURATION),
    "collector.*.size": _whole(1),
    "collector.queue.maxElapsedTime": _text(_DURATION),
    "collector.queue.volume": _FOREIGN,
    "collector.logLevel": _choice("debug", "info", "warn", "error"),
    "xrayLocal.maxTraces": _whole(1),
    "xrayLocal.allowHosts": _list(_text(r"[^\s,/]+")),
    "operator.replicas": _whole(0),
    "operator.account": _text("([0-9]{12})?"),
    "operator.class": _text("([a-z0-9]([a-z0-9-]*[a-z0-9])?)?", maxLength=63),
    "operator.clusterId": _text("[^/]*", maxLength=64),
    "operator.namespaces": _list(_text(_LABEL, maxLength=63), uniqueItems=True),
    "operator.intervalSeconds": _number(1, 86400),
    "operator.awsTimeoutSeconds": _number(0.1, 300),
    "operator.ruleQuota": _whole(1, 10_000),
    "operator.logLevel": _choice("debug", "info", "warning", "error"),
    "operator.cleanup.timeoutSeconds": _whole(1, 3600),
    "sampling.rules": _named(_SUBDOMAIN, {"$ref": "#/$defs/XRaySamplingRule"}),
    "sampling.groups": _named(_SUBDOMAIN, {"$ref": "#/$defs/XRayGroup"}),
    "networkPolicy.*From": _list(_FOREIGN),
    "networkPolicy.egress.*To": _list(_FOREIGN),
    "networkPolicy.egress.*Rules": _list(_FOREIGN),
    "networkPolicy.egress.apiServerPorts": _list(_PORT, minItems=1),
    "monitoring.*.interval": _text(_DURATION),
    "monitoring.*.extraRules": _list(_FOREIGN),
    "tests.path": _PATH,
    "tests.timeoutSeconds": _whole(1, 3600),
}
