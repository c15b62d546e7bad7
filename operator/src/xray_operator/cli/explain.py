"""`explain`: which sampling rule applies to a request, and why."""

import argparse
from collections.abc import Mapping
from typing import Any

from xray_model import RequestProperties, SamplingRule, default_rule, explain
from xray_operator.aws.gateway import Gateway
from xray_operator.cli import render
from xray_operator.cli.options import OK, Connect, UsageError, add_files, aws_options, load_files, show
from xray_operator.plan import lint

_PROPERTIES = {
    "service": "service_name",
    "type": "service_type",
    "host": "host",
    "method": "http_method",
    "path": "url_path",
    "arn": "resource_arn",
}


def add_commands(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the command to a parser's."""
    text = "show which rule applies to a request, and why"
    sub = commands.add_parser("explain", parents=[aws_options(environ)], help=text, description=text)
    sub.set_defaults(command=_explain)
    add_files(sub)
    for option in _PROPERTIES:
        sub.add_argument(f"--{option}", help=f"the request's {option}; omitted: matches any pattern")
    sub.add_argument("--live", action="store_true", help="read the rules from AWS instead of files")


def _explain(options: argparse.Namespace, connect: Connect) -> int:
    if bool(options.file) == options.live:
        raise UsageError("expected either -f FILE or --live")
    rules = _live_rules(connect()) if options.live else _file_rules(options)
    request = RequestProperties(**{field: getattr(options, option) for option, field in _PROPERTIES.items()})
    verdicts, warnings = explain(rules, request), lint.warnings(rules)
    lines = [*map(render.verdict_line, verdicts), *(f"warning: {warning}" for warning in warnings)]
    show(options, lines, {"rules": [*map(render.verdict_data, verdicts)], "warnings": warnings})
    return OK


def _live_rules(gateway: Gateway) -> list[SamplingRule]:
    return [found.value for found in gateway.rules() if isinstance(found.value, SamplingRule)]


def _file_rules(options: argparse.Namespace) -> list[SamplingRule]:
    values = (manifest.value for manifest in load_files(options))
    rules = [value for value in values if isinstance(value, SamplingRule)]
    return rules if any(rule.is_default for rule in rules) else [*rules, default_rule()]
