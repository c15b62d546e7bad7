"""What values the chart takes: each mistake gives one line that names the key, the value and what was expected."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cruddur import settings as backend_settings
from tests.chart.release import HELM, HELM3, KUBERNETES, refusal, render, run_helm
from tools.chart import schema, values
from tools.chart.shapes import SHAPES
from tools.chart.values import CHART
from xray_operator import settings as operator_settings

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def keys_of(tree: Any, ends: set[str], path: str = "") -> Iterator[str]:
    """Yield the paths of a tree's leaves; what is in `ends` is one whatever it holds."""
    if isinstance(tree, dict) and tree and path not in ends:
        for name, inner in tree.items():
            yield from keys_of(inner, ends, f"{path}.{name}".lstrip("."))
    else:
        yield path


def schema_keys(part: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the paths of a schema's leaves: where keys are free, or the user's list or map begins."""
    for name, inner in part["properties"].items():
        below = f"{path}.{name}".lstrip(".")
        if inner.get("description") is None:
            yield from schema_keys(inner, below)
        else:
            yield below


@pytest.mark.parametrize("helm", [HELM, HELM3])
def test_the_chart_lints_with_no_warning(helm: str) -> None:
    """Helm's own linter, strict."""
    run = run_helm("lint", "--strict", CHART, "--kube-version", KUBERNETES, helm=helm)
    assert run.returncode == 0, run.stdout


def test_the_schema_is_generated_from_values_yaml() -> None:
    """It is generated, and has not been edited since."""
    assert (CHART / "values.schema.json").read_text() == schema.render()


def test_the_schema_has_exactly_the_keys_of_values_yaml() -> None:
    """Compared with the file as YAML reads it, both ways; `global` and `enabled` are for charts around this one."""
    described = set(schema_keys(SCHEMA)) - {"global", "enabled"} - set(schema.renamed())
    common = {key.removeprefix("podDefaults.") for key in described if key.startswith("podDefaults.")}
    of_parts = {f"{part}.{key}" for part in schema.PARTS for key in common}
    of_parts -= {f"tests.{key}" for key in common if key.startswith(schema.NOT_OF_TESTS)}
    assert of_parts <= described
    listed = set(keys_of(DEFAULTS, described))
    assert described == listed | of_parts


def test_every_shape_is_used() -> None:
    """A value that was renamed leaves none behind."""
    used = [id(schema.shape(value)) for value in values.read()]
    assert [pattern for pattern, shape in SHAPES.items() if id(shape) not in used] == []


def test_a_value_without_description_is_refused(tmp_path: Any) -> None:
    """The message names it."""
    (tmp_path / "values.yaml").write_text("part:\n  # -- The port.\n  port: 1\n  host: a\n")
    with pytest.raises(values.ValuesError, match=r"part\.host has no description, expected a line '# -- \.\.\.' above"):
        values.read(tmp_path)


def test_a_value_without_shape_is_refused() -> None:
    """A list says nothing of its items by its default."""
    with pytest.raises(values.ValuesError, match=r"new\.list has no shape"):
        schema.shape(values.Value("new.list", [], "a list"))


@pytest.mark.parametrize(("kind", "path"), [("XRaySamplingRule", "rules"), ("XRayGroup", "groups")])
def test_a_sampling_spec_has_the_fields_of_its_crd(kind: str, path: str) -> None:
    """No more and no fewer, nested ones too."""
    crds = [yaml.safe_load(file.read_text()) for file in (CHART / "crds").iterdir()]
    (crd,) = [crd for crd in crds if crd["spec"]["names"]["kind"] == kind]
    (reference,) = SCHEMA["properties"]["sampling"]["properties"][path]["patternProperties"].values()
    assert reference == {"$ref": f"#/$defs/{kind}"}
    assert fields(SCHEMA["$defs"][kind]) == fields(schema.spec_of(crd))


def fields(part: dict[str, Any]) -> Any:
    """Return the tree of a schema's field names."""
    return {name: fields(inner) for name, inner in part.get("properties", {}).items()}


def test_a_subchart_accepts_global_values() -> None:
    """Helm puts `global` among the values of every chart, with keys that are for other charts."""
    assert render({"global": {"storageClass": "fast"}}) == render()


Mistake = tuple[str, Any, str]  # the key, its value, and the beginning of the line about it
SHAPE_MISTAKES: list[Mistake] = [
    ("traicing", {}, "at '': additional properties 'traicing' not allowed"),
    ("backend.replicaCount", 2, "at '/backend': additional properties 'replicaCount' not allowed"),
    ("backend.probes.liveness.port", 1, "at '/backend/probes/liveness': additional properties 'port' not allowed"),
    ("backend.port", "4567", "at '/backend/port': got string, want integer"),
    ("backend.port", 0, "at '/backend/port': minimum: got 0, want 1"),
    ("backend.port", 65536, "at '/backend/port': maximum: got 65,536, want 65,535"),
    ("backend.port", None, "at '/backend': missing property 'port'"),
    ("backend.image.tag", 1.2, "at '/backend/image/tag': got number, want string"),
    ("backend.image.repository", "r/app:1", "at '/backend/image/repository': 'r/app:1' does not match pattern"),
    ("backend.image.digest", "sha256:12", "at '/backend/image/digest': 'sha256:12' does not match pattern"),
    ("backend.image.pullPolicy", "always", "at '/backend/image/pullPolicy': value must be one of 'Always', "),
    ("backend.command", "sh", "at '/backend/command': got string, want array"),
    ("backend.extraEnv", [{"value": "b"}], "at '/backend/extraEnv/0': missing property 'name'"),
    ("backend.extraEnv", [{"name": "A", "value": 1}], "at '/backend/extraEnv/0/value': got number, want string"),
    ("backend.extraEnv", [{"name": "A", "vlaue": "1"}], "at '/backend/extraEnv/0': additional properties 'vlaue' not"),
    ("backend.resources.limit", {}, "at '/backend/resources': additional properties 'limit' not allowed"),
    ("backend.resources.limits.memory", "1 GB", "at '/backend/resources/limits/memory': '1 GB' does not match pattern"),
    ("backend.service.type", "Nodeport", "at '/backend/service/type': value must be one of 'ClusterIP', 'NodePort', "),
    ("backend.podAnnotations.a", True, "at '/backend/podAnnotations/a': got boolean, want string"),
    ("backend.podLabels.a", "b c", "at '/backend/podLabels/a': 'b c' does not match pattern"),
    ("backend.podDisruptionBudget.maxUnavailable", "1", "at '/backend/podDisruptionBudget/maxUnavailable': '1' does"),
    ("backend.ingress.hosts", ["a.example"], "at '/backend/ingress/hosts/0': got string, want object"),
    ("backend.ingress.hosts", [{"host": "a", "path": "/"}], "at '/backend/ingress/hosts/0': additional properties 'pa"),
    ("backend.httpRoute.parentRefs", [{}], "at '/backend/httpRoute/parentRefs/0': missing property 'name'"),
    ("daemon.bufferMemoryMB", 2, "at '/daemon/bufferMemoryMB': minimum: got 2, want 3"),
    ("collector.batch.timeout", "1 s", "at '/collector/batch/timeout': '1 s' does not match pattern"),
    ("tracing.agent", "adot", "at '/tracing/agent': value must be one of 'daemon', 'collector', 'none'"),
    ("tracing.existing.agentAddress", "http://a:2000", "at '/tracing/existing/agentAddress': 'http://a:2000' does not"),
    ("global.imageRegistry", 1, "at '/global/imageRegistry': got number, want string"),
    ("daemon.extraVolumes", [{"emptyDir": {}}], "at '/daemon/extraVolumes/0': missing property 'name'"),
    ("tests.strategy", {}, "at '/tests': additional properties 'strategy' not allowed"),
    ("operator.account", "prod", "at '/operator/account': 'prod' does not match pattern"),
    ("operator.class", "EU", "at '/operator/class': 'EU' does not match pattern"),
    ("operator.replicas", "2", "at '/operator/replicas': got string, want integer"),
    ("tracing.placement", "host", "at '/tracing/placement': value must be one of 'node', 'sidecar'"),
    ("tracing.excludedPaths", ["healthz"], "at '/tracing/excludedPaths/0': 'healthz' does not match pattern"),
    ("tracing.anomalies.perSecond", -1, "at '/tracing/anomalies/perSecond': minimum: got -1, want 0"),
    ("tracing.anomalies.perSecond", 0.5, "at '/tracing/anomalies/perSecond': got number, want integer"),
    ("tracing.anomalies.slowSeconds", 0, "at '/tracing/anomalies/slowSeconds': exclusiveMinimum: got 0, want 0"),
    ("tracing.anomalies.slowSeconds", "", "at '/tracing/anomalies/slowSeconds': got string, want null or number"),
    ("aws.region", "Frankfurt", "at '/aws/region': 'Frankfurt' does not match pattern"),
    ("aws.endpoint", "xray.example", "at '/aws/endpoint': 'xray.example' does not match pattern"),
    ("aws.credentials.mode", "keys", "at '/aws/credentials/mode': value must be one of 'irsa', 'podIdentity', 's"),
    ("aws.credentials.irsa.agentRoleArn", "role", "at '/aws/credentials/irsa/agentRoleArn': 'role' does not match"),
    (
        "destinations.honeycomb.endpoint",
        "api.honeycomb.io:443",
        "at '/destinations/honeycomb/endpoint': 'api.honeycomb.io:443' does not match",
    ),
    ("destinations.otlp.tempo", {}, "at '/destinations/otlp/tempo': missing property 'endpoint'"),
    ("operator.namespaces", ["a", "a"], "at '/operator/namespaces': items at 0 and 1 are equal"),
    ("operator.namespaces", ["a,b"], "at '/operator/namespaces/0': 'a,b' does not match pattern"),
    ("operator.clusterId", "a/b", "at '/operator/clusterId': 'a/b' does not match pattern"),
    ("sampling.rules.a", {"fixedRates": 1}, "at '/sampling/rules/a': additional properties 'fixedRates' not allowed"),
    ("sampling.rules.a", {"fixedRate": 1.5}, "at '/sampling/rules/a/fixedRate': maximum: got 1.5, want 1"),
    ("sampling.rules", {"A": {}}, "at '/sampling/rules': additional properties 'A' not allowed"),
    ("sampling.groups.a", {"filterExpression": 1}, "at '/sampling/groups/a/filterExpression': got number, want string"),
    ("tests.path", "api", "at '/tests/path': 'api' does not match pattern"),
]


def batches(mistakes: list[Mistake]) -> list[list[Mistake]]:
    """Return the mistakes in few lists for one run of helm each: in a list no key is that of another, or above it."""
    found: list[list[Mistake]] = []
    for mistake in mistakes:
        path = f"{mistake[0]}."
        fitting = (
            batch
            for batch in found
            if not any(path.startswith(f"{other}.") or f"{other}.".startswith(path) for other, _, _ in batch)
        )
        batch = next(fitting, None)
        if batch is None:
            found.append([mistake])
        else:
            batch.append(mistake)
    return found


@pytest.mark.parametrize("mistakes", batches(SHAPE_MISTAKES), ids=lambda mistakes: f"{len(mistakes)} mistakes")
def test_a_wrong_shape_is_named(mistakes: list[Mistake]) -> None:
    """One mistake, one line; Helm groups several by the keys above them."""
    lines = [line.lstrip("- ") for line in refusal({path: value for path, value, _ in mistakes})]
    found = [line for line in lines if not line.endswith(": validation failed")]
    assert len(found) == len(mistakes)
    named = {message: sum(line.startswith(message) for line in found) for _, _, message in mistakes}
    assert named == dict.fromkeys(named, 1)


# value of the chart -> the variable that it becomes
BACKEND = {
    "port": "PORT",
    "workers": "WEB_CONCURRENCY",
    "drainSeconds": "CRUDDUR_DRAIN_SECONDS",
    "gracefulTimeoutSeconds": "CRUDDUR_GRACEFUL_TIMEOUT",
}
OPERATOR = {
    "intervalSeconds": "XRAY_OPERATOR_INTERVAL",
    "awsTimeoutSeconds": "XRAY_OPERATOR_AWS_TIMEOUT",
    "ruleQuota": "XRAY_OPERATOR_RULE_QUOTA",
}


def edges(part: str, name: str) -> tuple[list[float], list[float]]:
    """Return the numbers at the edge of what the schema takes, and those just behind it."""
    found = SCHEMA["properties"][part]["properties"][name]
    least, most = found["minimum"], found["maximum"]
    return [least, most], [least - 1, most + 1]


@pytest.mark.parametrize("name", BACKEND)
def test_the_backend_accepts_the_same_numbers(name: str) -> None:
    """The program accepts what the schema accepts, and rejects what it rejects."""
    inside, outside = edges("backend", name)
    for number in inside:
        backend_settings.Settings.from_env({BACKEND[name]: str(number)})
    for number in outside:
        with pytest.raises(backend_settings.SettingsError):
            backend_settings.Settings.from_env({BACKEND[name]: str(number)})


@pytest.mark.parametrize("name", OPERATOR)
def test_the_operator_accepts_the_same_numbers(name: str) -> None:
    """The program accepts what the schema accepts, and rejects what it rejects."""
    inside, outside = edges("operator", name)
    for number in inside:
        operator_settings.read_all({}, {OPERATOR[name]: str(number)})
    for number in outside:
        with pytest.raises(operator_settings.SettingsError):
            operator_settings.read_all({}, {OPERATOR[name]: str(number)})


def test_the_log_levels_are_those_of_the_programs() -> None:
    """Each part's schema lists what its program reads."""
    assert SCHEMA["properties"]["backend"]["properties"]["logLevel"]["enum"] == list(backend_settings.LOG_LEVELS)
    for level in SCHEMA["properties"]["operator"]["properties"]["logLevel"]["enum"]:
        operator_settings.read_all({}, {"XRAY_OPERATOR_LOG_LEVEL": level})
