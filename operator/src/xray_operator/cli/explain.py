"""`explain`: which sampling rule applies to a request, and why."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from xray_model import RequestProperties, SamplingRule, default_rule, explain
from xray_operator.aws.gateway import Gateway
from xray_operator.cli import render
from xray_operator.cli.options import (
    FAILED,
    OK,
    Connect,
    UsageError,
    add_files,
    aws_options,
    load_files,
    note,
    show,
)
from xray_operator.manifests.manifest import Manifest
from xray_operator.plan import lint

_PROPERTIES = {
    "service": "service_name",
    "type": "service_type",
    "host": "host",
    "method": "http_method",
    "path": "url_path",
    "arn": "resource_arn",
}
TEXT = "show which rule applies to a request, and why"


def add_commands(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the command to a parser's."""
    sub = commands.add_parser("explain", parents=[aws_options(environ)], help=TEXT, description=TEXT)
    sub.set_defaults(command=_explain)
    add_files(sub)
    add_request(sub)
    sub.add_argument("--live", action="store_true", help="read the rules from AWS instead of files")


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that describe a request, and the expected rule."""
    parser.add_argument("request_method", metavar="METHOD", nargs="?", help="the request's method")
    parser.add_argument("url", metavar="URL", nargs="?", help="its URL, or only the path")
    for option in _PROPERTIES:
        parser.add_argument(f"--{option}", help=f"the request's {option}; omitted: matches any pattern")
    parser.add_argument("--expect", metavar="RULE", help="exit with 1 if another rule applies")


def _explain(options: argparse.Namespace, connect: Connect) -> int:
    if bool(options.file) == options.live:
        raise UsageError("expected either -f FILE or --live")
    return show_verdicts(options, live_rules(connect()) if options.live else with_default(load_files(options)))


def show_verdicts(options: argparse.Namespace, rules: Sequence[SamplingRule]) -> int:
    """Print which rule applies to the request of the options, and return the exit code."""
    verdicts, warnings = explain(rules, _request(options)), lint.warnings(rules)
    lines = [*map(render.verdict_line, verdicts), *(f"warning: {warning}" for warning in warnings)]
    show(options, lines, {"rules": [*map(render.verdict_data, verdicts)], "warnings": warnings})
    applied = next((verdict.rule.rule_name for verdict in verdicts if verdict.matched), None)
    if options.expect in {None, applied}:
        return OK
    note(options, f"--expect: {options.expect!r}: expected {applied!r}, the rule that applies")
    return FAILED


def _request(options: argparse.Namespace) -> RequestProperties:
    """Return the request: the option of a property overrides METHOD and URL."""
    url = urlsplit(options.url or "")
    if options.url and not (url.netloc or url.path.startswith("/")):
        raise UsageError(f"URL: {options.url!r}: expected https://HOST/PATH or /PATH")
    fields: dict[str, Any] = {"http_method": options.request_method}
    if options.url:
        fields |= {"host": url.netloc.rpartition("@")[2], "url_path": url.path or "/"}
    options_given = {field: getattr(options, option) for option, field in _PROPERTIES.items()}
    return RequestProperties(**{**fields, **{field: value for field, value in options_given.items() if value}})


def live_rules(gateway: Gateway) -> list[SamplingRule]:
    """Return the rules in AWS."""
    return [found.value for found in gateway.rules() if isinstance(found.value, SamplingRule)]


def with_default(manifests: Sequence[Manifest]) -> list[SamplingRule]:
    """Return the rules of manifests, with AWS's Default rule unless one of them is it."""
    rules = [manifest.value for manifest in manifests if isinstance(manifest.value, SamplingRule)]
    return rules if any(rule.is_default for rule in rules) else [*rules, default_rule()]
