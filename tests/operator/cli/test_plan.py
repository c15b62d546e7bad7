"""`plan` and the files that it reads: lists, other objects, values of new rules, warnings, conflicts, and encodings."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.operator.cli.command_line import RULE, VALUE, Line
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"


def as_list(*items: str, kind: str = "List") -> dict[str, Any]:
    """Return a list object of manifests."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {}, "items": [yaml.safe_load(item) for item in items]}


@pytest.mark.parametrize("kind", ["List", "XRaySamplingRuleList"])
@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
def test_list_is_read_as_its_items(line: Line, kind: str, dump: Any) -> None:
    """As `kubectl get -o yaml` prints it, with a status and managed fields."""
    body = as_list(RULE, RULE.replace("backend", "second"), kind=kind)
    body["items"][0]["status"] = {"observedGeneration": 1}
    body["items"][0]["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    line.file.write_text(dump(body))
    code, out, err = line.run("plan", "-f", "FILE", "-o", "json")
    assert (code, [action["name"] for action in json.loads(out)], err) == (0, ["backend", "second"], "")


def test_exported_json_is_read_back(line: Line) -> None:
    """`import -o json | diff -f -` has no difference."""
    line.gateway.create(VALUE, {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"})
    line.file.write_text(line.run("import", "-o", "json")[1])
    assert line.run("diff", "-f", "FILE") == (0, "no differences\n", "")


def test_problem_in_a_list_has_its_line(line: Line) -> None:
    """The items keep their lines."""
    line.file.write_text(yaml.safe_dump(as_list(RULE, RULE.replace("0.5", "7"))))
    [problem] = line.run("plan", "-f", "FILE")[2].splitlines()
    number = 1 + line.file.read_text().splitlines().index("    fixedRate: 7")
    assert f"{line.file}:{number}: " in problem


def test_objects_of_other_groups_are_skipped_and_counted(line: Line) -> None:
    """As kustomize and `helm template` print them beside rules; --strict rejects them."""
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: y}\n"
    line.file.write_text("---\n".join([CONFIG_MAP, RULE, deployment]))
    code, out, err = line.run("plan", "-f", "FILE")
    assert (code, out.count("\n"), err) == (0, 1, "xray-operator: skipped 2 objects of other API groups\n")
    code, _, err = line.run("plan", "-f", "FILE", "--strict")
    assert (code, err.count("expected xray.cruddur.io/v1alpha1")) == (1, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (RULE.replace("cruddur.io", "cruddur.com"), "expected xray.cruddur.io/v1alpha1"),
        (RULE.replace("v1alpha1", "v1"), "expected xray.cruddur.io/v1alpha1"),
        (RULE.replace("XRaySamplingRule", "XRayRule"), "expected XRaySamplingRule or XRayGroup"),
        (CONFIG_MAP, "no manifests found"),
        ("kind: ConfigMap\n", "expected xray.cruddur.io/v1alpha1"),
        ("just text\n", "expected an object"),
    ],
)
def test_misspelled_rule_is_never_skipped(line: Line, text: str, problem: str) -> None:
    """Only an object of another group and another kind is."""
    line.file.write_text(text)
    code, _, err = line.run("plan", "-f", "FILE")
    assert code == 1
    assert problem in err


def test_planned_conflict_fails(line: Line) -> None:
    """As `apply` would."""
    line.gateway.create(replace(VALUE, fixed_rate=0.1), {OWNER_TAG: "prod/a/b"})
    assert line.run("plan", "-f", "FILE")[0] == 1
    assert line.run("plan", "-f", "FILE", "-o", "json")[0] == 1


def test_plan_warns_about_a_rule_that_will_not_apply(line: Line) -> None:
    """Shadowed by a rule in AWS, or ignored by the SDKs; with the values of the new rule."""
    line.gateway.create(replace(VALUE, rule_name="all", priority=1), {})
    line.file.write_text(RULE + "  serviceName: checkout\n  attributes: {a: b}\n")
    warning = "is ignored by the SDKs: it has Attributes"
    code, out, _ = line.run("plan", "-f", "FILE")
    first, second = out.splitlines()
    values = 'priority: 100, fixedRate: 0.5, reservoirSize: 1, serviceName: checkout, attributes: {"a": "b"}'
    assert (code, first) == (0, f"+ rule  backend  {values}")
    assert second.startswith(f"  warning: 'backend' {warning}")
    [action] = json.loads(line.run("plan", "-f", "FILE", "-o", "json")[1])
    assert action["spec"]["attributes"] == {"a": "b"}
    assert action["warnings"][0].startswith(warning)
    line.file.write_text(RULE)
    assert "never applies: 'all' is evaluated first" in line.run("plan", "-f", "FILE")[1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (RULE.replace("0.5", "!!bool x"), "not valid YAML: 'x'"),
        ("---\na\n" * 90_000, "more than 500 documents"),
        ("a: [" + "1," * 300_000 + "]", "more than 100000 values"),
    ],
)
def test_odd_file_is_one_line_and_soon(line: Line, text: str, problem: str) -> None:
    """Neither a traceback nor minutes of parsing."""
    line.file.write_text(text)
    code, _, err = line.run("plan", "-f", "FILE")
    assert (code, err) == (1, f"xray-operator: {line.file}: {problem}\n")


@pytest.mark.process
def test_c_locale_reads_and_writes_utf_8(xray_local: Any, tmp_path: Path) -> None:
    """From a file and from standard input; AWS has the name as it is written."""
    text = RULE.replace("fixedRate", "ruleName: правило\n  fixedRate")
    (tmp_path / "rule.yaml").write_text(text, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    environ |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
    command = [sys.executable, "-m", "xray_operator", "apply", "--endpoint", xray_local.api, "-f"]

    def run(file: str, content: bytes = b"") -> tuple[int, str]:
        done = subprocess.run([*command, file], input=content, env=environ, capture_output=True, check=False)
        return done.returncode, (done.stdout or done.stderr).decode()

    assert run(str(tmp_path / "rule.yaml")) == (0, "+ rule  правило\n1 created\n")
    assert run("-", text.encode()) == (0, "= rule  правило\n1 unchanged\n")
    assert run("-", b"\xff") == (1, "xray-operator: standard input: not UTF-8 text\n")
