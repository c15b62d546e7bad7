"""What is in the images, and what may be done in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.containers import docker, image, run_python

NAMES = ("cruddur-backend", "xray-operator", "xray-local")
PARTS = {"cruddur", "cruddur_tracing", "xray_local", "xray_model", "xray_operator"}

pytestmark = pytest.mark.e2e
each = pytest.mark.parametrize("name", NAMES)

RIGHTS = """
import json, os, pathlib
def writable(folder):
    try:
        pathlib.Path(folder, "new").touch()
    except OSError:
        return False
    return True
print(json.dumps({"user": os.getuid(), "group": os.getgid(),
    "writable": [folder for folder in ("/", "/app", "/app/.venv", "/etc", "/tmp") if writable(folder)]}))
"""
BUILDERS = """
import importlib.util, json, shutil
names = ("cc", "gcc", "make", "pip", "pip3", "uv", "git", "curl", "apt", "dpkg", "perl")
tools = [tool for tool in names if shutil.which(tool)]
print(json.dumps(tools + [name for name in ("ensurepip", "pip", "uv", "hatchling") if importlib.util.find_spec(name)]))
"""
SETUID = """
import json, pathlib, stat
files = (file for folder in ("usr", "app") for file in pathlib.Path("/", folder).rglob("*") if file.is_file())
print(json.dumps([str(file) for file in files if file.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)]))
"""
CONTENTS = """
import importlib.metadata, importlib.util, json, pathlib, sys
names = ("cruddur", "cruddur_tracing", "xray_local", "xray_model", "xray_operator", "pytest", "mypy")
found = {name: importlib.util.find_spec(name) for name in names}
print(json.dumps({"found": [name for name in names if found[name]],
    "bare": [str(file) for name in names if found[name]
        for file in pathlib.Path(found[name].origin).parent.rglob("*.py")
        if not pathlib.Path(importlib.util.cache_from_source(file)).exists()]}))
"""
TEMPLATES = """
import jinja2, json
from xray_local.page.frame import templates
compiled, compile = [], jinja2.Environment.compile
def noted(self, source, name=None, *rest, **more):
    compiled.append(name)
    return compile(self, source, name, *rest, **more)
jinja2.Environment.compile = noted
templates.compile_all()
print(json.dumps(compiled))
"""
CLIENTS = """
import botocore.session, json
session = botocore.session.Session()
print(json.dumps([session.create_client(name, region_name="us-east-1").meta.service_model.service_name
    for name in ("xray", "sts", "sso", "sso-oidc")]))
"""


def _inspected(name: str) -> Any:
    return json.loads(docker("image", "inspect", image(name)))[0]


@each
def test_it_is_nobodys_and_may_write_to_tmp_only(name: str) -> None:
    """With a read-only root, user and group are 10001, by number."""
    assert _inspected(name)["Config"]["User"] == "10001:10001"
    assert run_python(name, RIGHTS) == {"user": 10001, "group": 10001, "writable": ["/tmp"]}


@each
def test_nothing_in_it_builds_or_installs(name: str) -> None:
    """No compiler, no installer, and nothing that would bring one back."""
    assert run_python(name, BUILDERS) == []


@each
def test_no_program_in_it_runs_as_another_user(name: str) -> None:
    """No setuid or setgid bit, such as that of su and mount in the base."""
    assert run_python(name, SETUID) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("cruddur-backend", ["cruddur", "cruddur_tracing", "xray_model"]),
        ("xray-operator", ["xray_model", "xray_operator"]),
        ("xray-local", ["xray_local", "xray_model"]),
    ],
)
def test_it_holds_its_own_part_compiled(name: str, parts: list[str]) -> None:
    """Its libraries are there, no other deployable and no development tool; nothing is compiled at each start."""
    assert run_python(name, CONTENTS) == {"found": parts, "bare": []}


def test_the_templates_of_the_page_are_compiled() -> None:
    """A process that cannot write would compile them at the first read of each page."""
    assert run_python("xray-local", TEMPLATES) == []


def test_the_operator_holds_the_models_for_xray_and_credentials() -> None:
    """The other services' models are not in it; STS is what a service account's role needs."""
    assert run_python("xray-operator", CLIENTS) == ["xray", "sts", "sso", "sso-oidc"]


@each
def test_the_labels_say_what_it_is(name: str) -> None:
    """The version is the tag, the title the name."""
    labels = _inspected(name)["Config"]["Labels"]
    version = image(name).partition(":")[2]
    prefix = "org.opencontainers.image."
    assert (labels[f"{prefix}title"], labels[f"{prefix}version"]) == (name, version)
    assert labels[f"{prefix}licenses"] == "Apache-2.0"


@each
def test_no_layer_knows_where_packages_came_from(name: str) -> None:
    """An index's address may hold a password; it stays in the stage that builds."""
    history = docker("history", "--no-trunc", "--format={{.CreatedBy}}", image(name))
    assert "INDEX" not in history
    assert str(Path.home()) + "/" not in history
