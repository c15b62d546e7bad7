"""`apply`: what it writes and reports, and what it refuses before it writes."""

import json
from dataclasses import replace

from tests.operator.cli.command_line import RULE, VALUE, Line
from xray_operator.aws.errors import GatewayError
from xray_operator.aws.objects import OWNER_TAG
from xray_operator.reasons import Reason


def test_apply_writes_and_reports(line: Line) -> None:
    """A line for each action and the counts; the second time nothing is written."""
    assert line.run("apply", "-f", "FILE")[:2] == (0, "+ rule  backend\n1 created\n")
    assert line.run("apply", "-f", "FILE")[:2] == (0, "= rule  backend\n1 unchanged\n")
    assert line.gateway.calls.count("create") == 1
    assert "update" not in line.gateway.calls


def test_apply_as_json_has_conditions(line: Line) -> None:
    """A failed action has its error, too."""
    line.gateway.failures["create"] = [GatewayError(Reason.THROTTLED, "slow down")]
    code, out, _ = line.run("apply", "-f", "FILE", "-o", "json")
    (outcome,) = json.loads(out)
    assert (code, outcome["error"]) == (1, {"reason": "Throttled", "message": "slow down"})
    assert [condition["reason"] for condition in outcome["conditions"]] == ["Throttled"] * 3 + ["NoDrift"]


def test_failed_apply_counts_what_was_not_done(line: Line) -> None:
    """Exit code 1, and the error in the action's line."""
    line.gateway.failures["create"] = [GatewayError(Reason.THROTTLED, "slow down")]
    assert line.run("apply", "-f", "FILE")[:2] == (1, "+ rule  backend  FAILED: slow down\n1 not done\n")


def test_adoption_reports_the_new_owner(line: Line) -> None:
    """The cluster ID is from the option, or from the environment."""
    line.file.write_text(RULE + "  adoptionPolicy: IfUnowned\n")
    line.gateway.create(VALUE, {})
    assert line.run("plan", "-f", "FILE", "--cluster-id", "prod")[1] == (
        "> rule  backend  owner: prod/default/backend, deletion policy: Delete\n"
    )
    environ = {"XRAY_OPERATOR_CLUSTER_ID": "dev"}
    assert line.run("apply", "-f", "FILE", environ=environ)[1].endswith(
        "owner: dev/default/backend, deletion policy: Delete\n1 adopted\n"
    )


def test_nothing_is_deleted_without_prune(line: Line) -> None:
    """With it, the objects of this cluster in the namespace that have no manifest; it needs a namespace."""
    line.gateway.create(replace(VALUE, rule_name="old"), {OWNER_TAG: "local/default/old"})
    assert "- rule  old" not in line.run("plan", "-f", "FILE")[1]
    assert line.run("apply", "-f", "FILE", "--prune")[0] == 64
    assert "- rule  old" not in line.run("plan", "-f", "FILE", "--prune", "shop")[1]
    out = line.run("apply", "-f", "FILE", "--prune", "default")[1]
    assert out == "+ rule  backend\n- rule  old\n1 created, 1 deleted\n"


def test_apply_prints_the_account_and_refuses_another(line: Line) -> None:
    """Before it writes; an endpoint that is not AWS's may have credentials that STS does not know."""
    where = "region us-east-1, https://xray.us-east-1.amazonaws.com"
    known, unknown = (f"xray-operator: account {account}, {where}\n" for account in ("111122223333", "unknown"))
    code, out, err = line.run("apply", "-f", "FILE", "--account", "444455556666")
    refusal = "xray-operator: the credentials are of account 111122223333: expected 444455556666 (--account)\n"
    assert (code, out, err, line.gateway.calls) == (1, "", known + refusal, ["account"])
    environ = {"XRAY_OPERATOR_ACCOUNT": "111122223333"}
    assert line.run("apply", "-f", "FILE", environ=environ)[::2] == (0, known)
    line.gateway.failures["account"] = [GatewayError(Reason.DENIED, "no"), GatewayError(Reason.DENIED, "no")]
    assert line.run("apply", "-f", "FILE", "--account", "111122223333")[::2] == (1, "xray-operator: no\n")
    assert line.run("apply", "-f", "FILE")[::2] == (0, unknown)
    assert line.run("apply", "-f", "FILE", "--endpoint", "http://localhost:8900")[::2] == (0, unknown)
    assert line.run("plan", "-f", "FILE")[2] == ""


def test_invalid_manifest_stops_apply(line: Line) -> None:
    """AWS is not even read; every problem is a line."""
    line.file.write_text(RULE + "---\n" + RULE.replace("0.5", "2.0").replace("backend", "other"))
    code, out, err = line.run("apply", "-f", "FILE")
    assert (code, out) == (1, "")
    assert err == f"xray-operator: {line.file}:16: document 2: spec.fixedRate: 2.0: expected a number from 0 to 1\n"
    assert line.gateway.calls == []
