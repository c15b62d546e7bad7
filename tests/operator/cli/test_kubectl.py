"""`kubectl xray` with a kubectl that prints recorded resources; the real one is in the integration tests."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import InMemoryGateway
from tests.operator.cli.command_line import VALUE
from xray_model import SamplingRule
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG
from xray_operator.cli import kubectl_main

SYNCED = {"conditions": [{"type": "Synced", "status": "True"}]}


def rule(name: str, *, metadata: dict[str, Any] | None = None, status: Any = None, **spec: Any) -> dict[str, Any]:
    """Return a resource as kubectl prints it."""
    whole = {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z", **(metadata or {})}
    values = {"priority": 100, "fixedRate": 0.5, "reservoirSize": 1, **spec}
    head = {"apiVersion": "xray.cruddur.io/v1alpha1", "kind": "XRaySamplingRule"}
    return {**head, "metadata": whole, "spec": values, "status": status or {}}


class Plugin:
    """The plugin with an in-memory AWS; `kubectl` writes its arguments into a file."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.gateway = InMemoryGateway()
        self._folder = folder
        self._capture = capture
        self.script('cat "$(dirname "$0")/resources"')
        self.cluster()

    def script(self, command: str) -> None:
        """Replace what kubectl does."""
        kubectl = self._folder / "kubectl"
        kubectl.write_text(f'#!/bin/sh\necho "$@" > "$(dirname "$0")/arguments"\n{command}\n')
        kubectl.chmod(0o755)

    def cluster(self, *resources: dict[str, Any]) -> None:
        """Set the resources of the cluster."""
        (self._folder / "resources").write_text(json.dumps({"kind": "List", "items": resources}))

    def run(self, *arguments: str, environ: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return exit code, output and errors."""
        code = kubectl_main(arguments, environ or {}, lambda _region, _endpoint: self.gateway)
        captured = self._capture.readouterr()
        return code, captured.out, captured.err

    @property
    def arguments(self) -> str:
        """The arguments of the last call of kubectl."""
        return (self._folder / "arguments").read_text().strip()


@pytest.fixture
def plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """Return the plugin, with its kubectl first on the PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Plugin(tmp_path, capsys)


def test_the_scope_is_passed_to_kubectl(plugin: Plugin) -> None:
    """Namespace, selector, context and kubeconfig, by kubectl's own options."""
    kinds = "get xraysamplingrules.xray.cruddur.io,xraygroups.xray.cruddur.io --output=json"
    assert plugin.run("plan") == (0, "nothing to do\n", "")
    assert plugin.arguments == kinds
    plugin.run("plan", "-n", "shop", "-l", "app=a", "--context", "prod", "--kubeconfig", "file")
    assert plugin.arguments == f"{kinds} --namespace=shop --selector=app=a --context=prod --kubeconfig=file"
    plugin.run("explain", "-A")
    assert plugin.arguments == f"{kinds} --all-namespaces"


def test_plan_finds_the_cluster_id_in_the_owner_tag_of_a_synced_resource(plugin: Plugin) -> None:
    """With the default id, the object would be another cluster's; the option overrides it."""
    plugin.gateway.create(VALUE, {OWNER_TAG: "prod/shop/backend", DELETION_TAG: "Delete"})
    plugin.cluster(rule("backend", status=SYNCED), rule("second", priority=90, fixedRate=0.1, httpMethod="PUT"))
    code, printed, errors = plugin.run("plan")
    assert (code, errors) == (0, "")
    assert printed.splitlines() == [
        "+ rule  second  priority: 90, fixedRate: 0.1, reservoirSize: 1, httpMethod: PUT",
        "= rule  backend",
    ]
    assert "! rule  backend  ForeignOwner" in plugin.run("plan", "--cluster-id", "test")[1]
    assert plugin.run("plan", environ={"XRAY_OPERATOR_CLUSTER_ID": "test"})[0] == 1


def test_plan_trusts_no_tag_of_a_resource_that_is_not_synced(plugin: Plugin) -> None:
    """Another cluster may have a resource of the same name, which owns the object."""
    plugin.gateway.create(VALUE, {OWNER_TAG: "other/shop/backend"})
    plugin.cluster(rule("backend"))
    code, printed, _ = plugin.run("plan")
    assert (code, "ForeignOwner: 'backend' is owned by other/shop/backend" in printed) == (1, True)


def test_plan_reports_resources_without_effect(plugin: Plugin) -> None:
    """Invalid, a second one for an object, and one that is being deleted; the others are planned."""
    plugin.cluster(
        rule("late", ruleName="backend", metadata={"creationTimestamp": "2026-01-02T00:00:00Z"}),
        rule("wrong", fixedRate=2),
        rule("old", metadata={"deletionTimestamp": "2026-01-02T00:00:00Z"}),
        rule("backend"),
    )
    code, printed, errors = plugin.run("plan")
    assert (code, printed.splitlines()[0][:15], printed.count("\n")) == (1, "+ rule  backend", 1)
    assert errors.splitlines() == [
        "kubectl xray: XRaySamplingRule shop/old: is being deleted",
        "kubectl xray: XRaySamplingRule shop/wrong: spec.fixedRate: 2: expected a number from 0 to 1",
        "kubectl xray: XRaySamplingRule shop/late: 'backend' is already managed by XRaySamplingRule shop/backend",
    ]


def test_explain_shows_which_resource_applies(plugin: Plugin) -> None:
    """By method and URL, whose host and path are compared; Default is added."""
    plugin.cluster(rule("backend", host="shop.test:8080", urlPath="/api/*", httpMethod="GET"))
    url = "https://user@shop.test:8080/api/carts?page=2"
    assert plugin.run("explain", "GET", url)[1].startswith("*   100 backend")
    assert plugin.run("explain", "GET", url, "--path", "/other")[1].splitlines()[1].startswith("* 10000 Default")
    assert plugin.run("explain", "POST", url)[1].splitlines()[0].endswith("HTTPMethod 'GET' does not match 'POST'")
    assert plugin.run("explain", "GET", "carts") == (
        64,
        "",
        "kubectl xray: URL: 'carts': expected https://HOST/PATH or /PATH\n",
    )


def test_explain_live_needs_no_cluster(plugin: Plugin) -> None:
    """The rules are AWS's."""
    plugin.script("exit 1")
    plugin.gateway.create(VALUE, {})
    assert plugin.run("explain", "GET", "/", "--live", "--expect", "backend")[0] == 0


def test_import_leaves_out_what_a_resource_names(plugin: Plugin) -> None:
    """Anywhere in the cluster; all of it on request, without reading the cluster."""
    plugin.gateway.create(VALUE, {OWNER_TAG: "prod/shop/backend"})
    plugin.gateway.create(SamplingRule(rule_name="by-hand", priority=1, fixed_rate=0, reservoir_size=0), {})
    plugin.cluster(rule("backend", status=SYNCED))
    code, printed, errors = plugin.run("import", "-n", "shop", "-o", "json")
    assert [item["metadata"] for item in json.loads(printed)["items"]] == [{"name": "by-hand", "namespace": "shop"}]
    assert (code, errors, "--all-namespaces" in plugin.arguments) == (0, "", True)
    plugin.script("exit 1")
    assert "name: backend" in plugin.run("import", "--all", "--cluster-id", "prod")[1]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("echo 'memcache.go: noise' >&2; echo 'error: no such host' >&2; exit 1", "error: no such host"),
        ("exit 3", "kubectl exited with 3"),
    ],
)
def test_kubectls_error_is_one_line(plugin: Plugin, command: str, message: str) -> None:
    """Its last, which is the reason."""
    plugin.script(command)
    assert plugin.run("plan") == (1, "", f"kubectl xray: {message}\n")


def test_missing_kubectl_is_one_line(plugin: Plugin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The plugin can be called without it."""
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert plugin.run("plan") == (1, "", "kubectl xray: cannot run kubectl: No such file or directory\n")
