"""The variables of our own programs' pods: each is one that the program reads, and can read."""

from dataclasses import fields

from cruddur.settings import Settings
from cruddur.settings import table as backend_table
from cruddur_tracing import TracingSettings
from tests.chart.each import ValueSet, for_each
from tests.chart.matrix import CASES
from tests.chart.release import Object, Values, named, named_container, nested, of_kind
from xray_local import settings as local
from xray_operator import settings as operator

# Read by the tracing library from the version on that captures anomalies.
TRACING = {setting.metadata["variable"] for setting in fields(TracingSettings)}
PARTS = {"backend": "backend", "operator": "operator", "xray-local": "xrayLocal"}  # by their values
# How our own variables begin; all others are the SDKs'.
OURS = ("CRUDDUR_", "XRAY_OPERATOR_", "XRAY_LOCAL_")


def runs(values: Values, part: str) -> bool:
    """Return whether the values say that a part runs."""
    return bool(nested(values).get(part, {}).get("enabled", True))


def with_part(part: str) -> dict[str, Values]:
    """Return the value sets in which a part runs."""
    return {name: values for name, values in CASES.items() if runs(values, part)}


@for_each(CASES)
def test_a_part_runs_unless_it_is_disabled(value_set: ValueSet) -> None:
    """By its `enabled` alone."""
    names = {manifest["metadata"]["name"] for manifest in of_kind(value_set.objects, "Deployment")}
    for name, part in PARTS.items():
        assert (f"demo-cruddur-{name}" in names) is runs(value_set.values, part), name


def variables(objects: list[Object], name: str) -> dict[str, str]:
    """Return the variables of a part's container as its program sees them."""
    deployment = named(objects, "Deployment", f"demo-cruddur-{name}")
    env = named_container(deployment["spec"]["template"], name)["env"]
    seen = {variable["name"]: variable.get("value", "10.0.0.1") for variable in env}
    return {variable: value.replace("$(HOST_IP)", seen.get("HOST_IP", "")) for variable, value in seen.items()}


@for_each(with_part("backend"))
def test_the_backend_can_read_its_variables(value_set: ValueSet) -> None:
    """Those of the service, and those of its tracing."""
    env = variables(value_set.objects, "backend")
    Settings.from_env(env)
    tracing = TracingSettings.from_env(env)
    assert tracing.segment_name("app") == "backend-flask"
    known = {row.variable for row in backend_table()} | TRACING
    assert {name for name in env if name.startswith(OURS)} <= known


@for_each(with_part("operator"))
def test_the_operator_can_read_its_variables(value_set: ValueSet) -> None:
    """They name the X-Ray API and the cluster."""
    env = variables(value_set.objects, "operator")
    found = operator.read_all({}, env)
    assert found.region
    assert {name for name in env if name.startswith(OURS)} <= {setting.variable for setting in operator.SETTINGS}


@for_each(with_part("xrayLocal"))
def test_xray_local_can_read_its_variables(value_set: ValueSet) -> None:
    """It serves the names of its Service."""
    env = variables(value_set.objects, "xray-local")
    assert "demo-cruddur-xray-local.shop.svc" in local.read({}, env).allow_host
    assert {name for name in env if name.startswith(OURS)} <= {setting.variable for setting in local.FIELDS}
