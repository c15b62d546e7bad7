"""The variables of our own programs' pods: each is one that the program reads, and can read."""

from dataclasses import fields

import pytest

from cruddur.settings import Settings
from cruddur.settings import table as backend_table
from cruddur_tracing import TracingSettings
from tests.chart.matrix import CASES
from tests.chart.release import container, of_kind, render
from xray_local import settings as local
from xray_operator import settings as operator

each = pytest.mark.parametrize("case", CASES)
TRACING = {one.metadata["variable"] for one in fields(TracingSettings)}
# The program's own choice: the image has /dev/shm.
LEFT_OUT = {"CRUDDUR_WORKER_TMP_DIR"}
# How our own variables begin; all others are the SDKs'.
OURS = ("CRUDDUR_", "XRAY_OPERATOR_", "XRAY_LOCAL_")


def variables(case: str, name: str) -> dict[str, str] | None:
    """Give the variables of a part's container as its program sees them; None where the part does not run."""
    found = [
        one for one in of_kind(render(CASES[case]), "Deployment") if one["metadata"]["name"] == f"demo-cruddur-{name}"
    ]
    if not found:
        return None
    env = container(found[0]["spec"]["template"], name)["env"]
    seen = {variable["name"]: variable.get("value", "10.0.0.1") for variable in env}
    return {variable: value.replace("$(HOST_IP)", seen.get("HOST_IP", "")) for variable, value in seen.items()}


@each
def test_the_backend_can_read_its_variables(case: str) -> None:
    """Those of the service, and those of its tracing."""
    env = variables(case, "backend")
    if env is None:
        return
    Settings.from_env(env)
    tracing = TracingSettings.from_env(env)
    assert tracing.segment_name("app") == "backend-flask"
    known = {row.variable for row in backend_table()} | TRACING
    assert {name for name in env if name.startswith(OURS)} <= known


@each
def test_the_operator_can_read_its_variables(case: str) -> None:
    """It is told where X-Ray is, and which cluster it is in."""
    env = variables(case, "operator")
    if env is None:
        return
    found = operator.read_all({}, env)
    assert found.region
    assert {name for name in env if name.startswith(OURS)} <= {one.variable for one in operator.SETTINGS}


@each
def test_xray_local_can_read_its_variables(case: str) -> None:
    """It serves the names of its Service."""
    env = variables(case, "xray-local")
    if env is None:
        return
    assert "demo-cruddur-xray-local.shop.svc" in local.read({}, env).allow_host
    assert {name for name in env if name.startswith(OURS)} <= {one.variable for one in local.FIELDS}


def test_every_setting_of_ours_can_be_set_by_a_value() -> None:
    """A setting without a value would be out of reach."""
    case = "daemon-node-sdk-local-everything"
    parts = {
        "backend": {row.variable for row in backend_table()} | TRACING,
        "operator": {one.variable for one in operator.SETTINGS},
        "xray-local": {one.variable for one in local.FIELDS},
    }
    for name, settings in parts.items():
        assert settings - set(variables(case, name) or {}) <= LEFT_OUT
