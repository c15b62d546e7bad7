"""The commands in the pages are valid: helm renders them, and the AWS CLI has the others."""

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from botocore import xform_name

from tests.chart.release import KUBERNETES, run_helm
from tests.docs.blocks import ROOT, Command, commands, lines, values_files
from tools.docs.links import pages

HELM = [*commands("helm", "install"), *commands("helm", "upgrade")]
FILES = values_files()
NOT_FOR_TEMPLATE = {"--install", "--reset-then-reuse-values"}
_AWS = re.compile(r"\baws ([a-z][a-z0-9-]*) ([a-z][a-z0-9-]*)([^|;]*)")
_FLAG = re.compile(r"(?<= )--([a-z0-9-]+)")
FOR_EVERY_COMMAND = {"query", "output", "region", "profile"}
MADE_BY_THE_CLI = {("ecr", "get-login-password"): set[str]()}  # not an operation of the API


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the chart and the files from the pages."""
    made = tmp_path_factory.mktemp("repository")
    for name in ("charts", "deploy"):
        (made / name).symlink_to(ROOT / name)
    for name, text in FILES.items():
        (made / name).write_text(text)
    return made


def render(words: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    """Return the objects that `helm install` or `helm upgrade` would send."""
    flags = [word for word in words[2:] if word not in NOT_FOR_TEMPLATE]
    run = run_helm("template", *flags, "--kube-version", KUBERNETES, folder=folder)
    assert run.returncode == 0, run.stderr
    return [document for document in yaml.load_all(run.stdout, Loader=yaml.CSafeLoader) if document]


@pytest.mark.parametrize("command", HELM, ids=str)
def test_helm_renders_the_pages_commands(command: Command, folder: Path) -> None:
    """Each command is for the release `cruddur` of this repository's chart in the namespace `cruddur`."""
    assert command.words[2:4] == ("cruddur", "./charts/cruddur")
    namespaces = {document["metadata"].get("namespace") for document in render(command.words, folder)}
    assert namespaces - {None} == {"cruddur"}


def test_both_guides_have_helm_commands() -> None:
    """Otherwise a changed layout could leave the test above without commands."""
    assert {"deploy.md", "migrate-from-daemon.md"} <= {command.page for command in HELM}


@pytest.mark.parametrize("name", FILES)
def test_a_values_file_is_used(name: str) -> None:
    """The schema does not check a file that no command uses."""
    assert any(name in command.words for command in HELM)


def test_helm_commands_in_the_pages_name_their_namespace() -> None:
    """Without it, a command would use the context's namespace, which has no release."""
    every = [command for verb in ("install", "upgrade", "test", "uninstall") for command in commands("helm", verb)]
    assert [str(command) for command in every if not _follows(command.words, "--namespace", "cruddur")] == []


def _follows(words: tuple[str, ...], flag: str, value: str) -> bool:
    return flag in words and words[words.index(flag) + 1] == value


@pytest.mark.parametrize(
    ("placement", "accounts"),
    [("node", {"cruddur-agent", "cruddur-operator"}), ("sidecar", {"cruddur-backend", "cruddur-operator"})],
)
def test_the_guide_has_the_service_accounts_with_a_role(placement: str, accounts: set[str], folder: Path) -> None:
    """The trust policies must have their exact names."""
    release = ("cruddur", "./charts/cruddur", "--namespace", "cruddur", "-f", "aws.yaml")
    objects = render(("helm", "install", *release, "--set", f"tracing.placement={placement}"), folder)
    found = {
        document["metadata"]["name"]
        for document in objects
        if document["kind"] == "ServiceAccount"
        and "eks.amazonaws.com/role-arn" in document["metadata"].get("annotations", {})
    }
    assert found == accounts
    guide = (ROOT / "docs/deploy.md").read_text()
    assert [name for name in sorted(accounts) if f"`system:serviceaccount:cruddur:{name}`" not in guide] == []


def _operations(service: str) -> dict[str, set[str]]:
    """Return a service's commands and flags, as the AWS CLI derives them from the service model."""
    model = botocore.session.Session().get_service_model(service)
    found = {}
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        found[xform_name(name, "-")] = {xform_name(member, "-") for member in shape.members} if shape else set()
    return found


AWS = sorted({(found[1], found[2], found[3]) for _, line in lines(pages()) for found in _AWS.finditer(line)})


@pytest.mark.parametrize(("service", "name", "rest"), AWS, ids=[f"{command[0]} {command[1]}" for command in AWS])
def test_the_aws_cli_has_the_command(service: str, name: str, rest: str) -> None:
    """The service, the operation and every flag exist."""
    flags = set(_FLAG.findall(rest)) - FOR_EVERY_COMMAND
    known = MADE_BY_THE_CLI.get((service, name))
    if known is None:
        known = _operations(service)[name]
    assert flags <= known
