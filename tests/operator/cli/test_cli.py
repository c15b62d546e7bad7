"""The command line: what it prints, what it writes, and its exit codes."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes import InMemoryGateway
from tests.interrupting import interrupted
from tests.operator.cli.command_line import RULE, VALUE, Line
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import DELETION_TAG, OWNER_TAG
from xray_operator.cli import main
from xray_operator.reasons import Reason


def test_plan_writes_nothing(line: Line) -> None:
    """A plus marks what would be created, with its values."""
    assert line.run("plan", "-f", "FILE") == (
        0,
        "+ rule  backend  priority: 100, fixedRate: 0.5, reservoirSize: 1\n",
        "",
    )
    assert "create" not in line.gateway.calls


def test_import_reports_a_changed_name_on_standard_error(line: Line) -> None:
    """JSON has no comments."""
    line.gateway.create(replace(VALUE, rule_name="Back End"), {})
    code, printed, errors = line.run("import", "-o", "json")
    assert (code, json.loads(printed)["items"][0]["spec"]["ruleName"]) == (0, "Back End")
    expected = "rule 'Back End' is named back-end: Kubernetes rejects its own name"
    assert errors == f"xray-operator: {expected}\n"


def test_import_prints_the_objects_in_aws(line: Line) -> None:
    """As YAML or JSON, of all kinds or of one."""
    line.gateway.create(VALUE, {})
    code, printed, _ = line.run("import", "--adopt", "--namespace", "shop")
    assert (code, printed) == (
        0,
        RULE.replace("backend\n", "backend\n  namespace: shop\n") + "  adoptionPolicy: IfUnowned\n",
    )
    code, printed, _ = line.run("import", "--kind", "rule", "--defaults", "-o", "json")
    listed = json.loads(printed)
    assert (listed["apiVersion"], listed["kind"]) == ("v1", "List")
    assert [item["metadata"]["name"] for item in listed["items"]] == ["default", "backend"]
    assert line.run("import", "--kind", "group") == (0, "", "")


def test_diff_exits_2_if_there_are_differences(line: Line) -> None:
    """Without differences it exits with 0."""
    assert line.run("diff", "-f", "FILE")[0] == 2
    line.run("apply", "-f", "FILE")
    assert line.run("diff", "-f", "FILE") == (0, "no differences\n", "")
    line.gateway.update(replace(VALUE, fixed_rate=0.1))
    assert line.run("diff", "-f", "FILE") == (2, "~ rule  backend  fixedRate: 0.1 -> 0.5\n", "")


def test_diff_as_json_has_the_fields(line: Line) -> None:
    """With the desired and the actual values."""
    line.gateway.create(replace(VALUE, fixed_rate=0.1), {OWNER_TAG: "local/default/backend", DELETION_TAG: "Delete"})
    code, out, _ = line.run("diff", "-f", "FILE", "-o", "json")
    difference = {"field": "fixedRate", "desired": 0.5, "actual": 0.1}
    assert code == 2
    assert json.loads(out) == [{"action": "update", "kind": "rule", "name": "backend", "differences": [difference]}]


def test_conflict_names_the_owner(line: Line) -> None:
    """Nothing is written."""
    line.gateway.create(replace(VALUE, fixed_rate=0.1), {OWNER_TAG: "prod/a/b"})
    code, out, _ = line.run("apply", "-f", "FILE")
    assert code == 1
    assert out.startswith(
        "! rule  backend  ForeignOwner: 'backend' is owned by prod/a/b; adoptionPolicy: Force takes it"
    )
    assert "update" not in line.gateway.calls
    assert json.loads(line.run("plan", "-f", "FILE", "-o", "json")[1])[0]["reason"] == "ForeignOwner"


def test_equal_unowned_object_is_reported(line: Line) -> None:
    """In text and in JSON."""
    line.gateway.create(VALUE, {})
    assert line.run("plan", "-f", "FILE")[1].startswith("= rule  backend  without an owner tag; adoptionPolicy")
    assert "note" in json.loads(line.run("plan", "-f", "FILE", "-o", "json")[1])[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["plan"], "expected -f FILE or -f FOLDER"),
        (["plan", "--speed", "1"], "unknown arguments: --speed 1 (see xray-operator plan --help)"),
        (["crds", "--apply", "--timeout", "soon"], "--timeout: 'soon': expected a number of seconds"),
        (["plan", "-f", "FILE", "--region", "us east"], "--region: 'us east': expected a region such as us-east-1"),
        (
            ["plan", "-f", "FILE", "--endpoint", "http://["],
            "--endpoint: 'http://[': expected http://HOST:PORT, or https",
        ),
        (
            ["plan", "-f", "FILE", "--cluster-id", "a/b"],
            "--cluster-id: 'a/b': expected 1 to 64 letters, digits, spaces and . _ : = + @ -",
        ),
        (["plan", "-f", "FILE", "-o", "xml"], "invalid choice: 'xml'"),
        (["explain"], "expected either -f FILE or --live"),
        (["explain", "-f", "FILE", "--live"], "expected either -f FILE or --live"),
    ],
)
def test_usage_error_exits_64(line: Line, arguments: list[str], message: str) -> None:
    """With one line; 2 is diff's exit code."""
    code, out, err = line.run(*arguments)
    assert (code, out, err.count("\n")) == (64, "", 1)
    assert message in err


def test_unreachable_aws_is_one_line(line: Line) -> None:
    """Exit code 1."""
    line.gateway.failures["rules"] = [GatewayError(Reason.UNREACHABLE, "cannot reach X-Ray at http://x")]
    assert line.run("plan", "-f", "FILE") == (1, "", "xray-operator: cannot reach X-Ray at http://x\n")


def test_version(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the installed package."""
    with pytest.raises(SystemExit, match="0"):
        line.run("--version")
    assert capsys.readouterr().out == f"xray-operator {metadata.version('xray-operator')}\n"


def test_folders_are_read_recursively_on_request(line: Line) -> None:
    """JSON files, too, as for kubectl."""
    inner = line.file.parent / "inner"
    inner.mkdir()
    (inner / "rule.json").write_text(json.dumps(yaml.safe_load(RULE.replace("backend", "second"))))
    folder = str(line.file.parent)
    assert "second" not in line.run("plan", "-f", folder)[1]
    assert "+ rule  second" in line.run("plan", "-R", "-f", folder)[1]
    assert line.run("plan", "-f", str(inner))[1].startswith("+ rule  second")


@pytest.mark.parametrize(("no_color", "colour"), [("", "\x1b[32m"), ("1", "")])
def test_lines_have_colours_on_a_terminal(
    line: Line, monkeypatch: pytest.MonkeyPatch, no_color: str, colour: str
) -> None:
    """Unless NO_COLOR is set."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert line.run("plan", "-f", "FILE", environ={"NO_COLOR": no_color})[1].startswith(f"{colour}+ rule  backend")


def test_manifests_are_read_from_standard_input(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the file name `-`."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(RULE))
    assert line.run("plan", "-f", "-")[1].startswith("+ rule  backend  ")


def test_summary_of_an_empty_plan(line: Line) -> None:
    """It is not an empty line."""
    from xray_operator.cli.render import summary

    assert summary([]) == "nothing to do"


def test_ctrl_c_is_one_line(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 130."""

    def interrupted(_region: str | None, _endpoint: str | None) -> InMemoryGateway:
        raise KeyboardInterrupt

    assert main(["plan", "-f", str(line.file)], {}, interrupted) == 130
    assert capsys.readouterr().err == "xray-operator: interrupted\n"


@pytest.mark.process
def test_installed_command_writes_nothing_if_a_document_is_invalid(xray_local: Any, tmp_path: Path) -> None:
    """xray-local's log of calls stays empty."""
    file = tmp_path / "two.yaml"
    file.write_text(RULE + "---\n" + RULE.replace("0.5", "2.0").replace("backend", "other"))
    done = subprocess.run(
        [Path(sys.executable).parent / "xray-operator", "apply", "-f", file],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(xray_local.api),
    )
    assert (done.returncode, done.stdout) == (1, "")
    with urllib.request.urlopen(f"{xray_local.api}/_local/requests", timeout=10) as response:
        assert json.load(response) == []


@pytest.mark.process
@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("crds >&-", ""),
        ("crds > /dev/full", "xray-operator: standard output: No space left on device\n"),
        ("explain -f - <&-", "xray-operator: -: no manifests found\n"),
        ("explain -f - < <(printf '\\xff')", "xray-operator: standard input: not UTF-8 text\n"),
        ("explain -f $'\\xff'", "xray-operator: \\udcff: No such file or directory\n"),
    ],
)
def test_no_stream_causes_a_traceback(command: str, output: str) -> None:
    """Closed, full, or not text, in a locale without UTF-8."""
    shell = ["bash", "-c", f"exec {sys.executable} -m xray_operator {command}"]
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(shell, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout + done.stderr == output


@pytest.mark.process
def test_python_m_ends_by_ctrl_c(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """A command that waits for standard input exits with 130 and one line."""
    run = subprocess.Popen(
        [sys.executable, "-m", "xray_operator", "plan", "-f", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(f"http://127.0.0.1:{free_port()}"),
    )
    deadline = time.monotonic() + 30
    while "pipe" not in _waiting_in(run.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert (run.returncode, out, err) == (130, "", "xray-operator: interrupted\n")


@pytest.mark.process
@pytest.mark.parametrize("program", ["xray-operator", "kubectl-xray"])
@pytest.mark.parametrize("module", ["xray_operator.cli", "argparse", "yaml", "xray_operator.settings"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(program: str, module: str, tmp_path: Path) -> None:
    """Nothing is printed: the program has not begun."""
    assert interrupted([str(Path(sys.executable).parent / program), "plan"], module, tmp_path) == (130, "")


@pytest.mark.process
@pytest.mark.parametrize("module", ["kopf", "boto3"])
def test_ctrl_c_while_the_operator_starts_is_one_line(module: str, tmp_path: Path) -> None:
    """It imports most of what it needs when `run` begins."""
    command = [sys.executable, "-m", "xray_operator", "run"]
    assert interrupted(command, module, tmp_path) == (130, "xray-operator: interrupted\n")


def _waiting_in(pid: int) -> str:
    """Return the kernel function that a process sleeps in."""
    return Path(f"/proc/{pid}/wchan").read_text()


def _environment(api: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_XRAY": api,
        "PATH": os.environ["PATH"],
    }


def test_readme_has_every_exit_code() -> None:
    """Scripts depend on them."""
    readme = (Path(__file__).resolve().parents[3] / "operator" / "README.md").read_text()
    assert [code for code in (0, 1, 2, 64, 130) if f"\n| {code} |" not in readme] == []
