"""`explain`: which rule applies to a request, from files or in AWS, and with which reason the others do not."""

import json
from dataclasses import replace

from tests.operator.cli.command_line import RULE, VALUE, Line


def test_explain_shows_which_rule_applies(line: Line) -> None:
    """With the reasons; Default is added to the files."""
    line.file.write_text(RULE + "  urlPath: /api/*\n")
    assert line.run("explain", "-f", "FILE", "--path", "/healthz")[1].splitlines() == [
        "    100 backend                          1/s then 0.5       URLPath '/api/*' does not match '/healthz'",
        "* 10000 Default                          1/s then 0.05      every property matches",
    ]


def test_explain_prints_lint_warnings(line: Line) -> None:
    """Rules and warnings in text and in JSON."""
    line.file.write_text(RULE + "  resourceARN: arn:x\n")
    assert line.run("explain", "-f", "FILE")[1].splitlines()[-1].startswith("warning: rule 'backend' is ignored by the")
    data = json.loads(line.run("explain", "-f", "FILE", "-o", "json")[1])
    assert [verdict["matched"] for verdict in data["rules"]] == [False, True]
    assert len(data["warnings"]) == 1


def test_explain_live_reads_aws(line: Line) -> None:
    """Without files."""
    line.gateway.create(replace(VALUE, http_method="POST"), {})
    out = line.run("explain", "--live", "--method", "post")[1]
    assert out.splitlines()[0].startswith("*   100 backend")


def test_explain_expect_fails_if_another_rule_applies(line: Line) -> None:
    """For CI; the output is the same."""
    line.file.write_text(RULE + "  urlPath: /api/*\n")
    request = ("explain", "-f", "FILE", "GET", "/api/carts")
    code, printed, errors = line.run(*request, "--expect", "backend")
    assert (code, printed[:1], errors) == (0, "*", "")
    message = "xray-operator: --expect: 'Default': expected 'backend', the rule that applies\n"
    assert line.run(*request, "--expect", "Default") == (1, printed, message)
