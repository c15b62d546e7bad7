"""The command line: `plan`, `apply`, `diff`, `explain` and `import` of manifests, with the operator's own core.

What speaks to a cluster stands in `cli_cluster`.

Exit codes: 0 done (`diff`: nothing differs), 1 something was refused or failed, 2 `diff` found a difference, 64 the
command line itself is wrong, 130 Ctrl-C.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from xray_model import RequestProperties, SamplingRule, default_rule, explain
from xray_operator import cli_cluster, lint, manifest_files, manifest_writer, reconcile, render
from xray_operator.cli_cluster import UsageError
from xray_operator.errors import GatewayError
from xray_operator.gateway import connect
from xray_operator.manifest_files import ManifestError
from xray_operator.plan import Action, Keep, plan
from xray_operator.ports import Gateway
from xray_operator.reconcile import Outcome

OK, FAILED, DIFFERS, USAGE, INTERRUPTED = 0, 1, 2, 64, 130
_PROPERTIES = {
    "service": "service_name",
    "type": "service_type",
    "host": "host",
    "method": "http_method",
    "path": "url_path",
    "arn": "resource_arn",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    connected: Callable[[str | None, str | None], Gateway] = connect,
) -> int:
    """Run the command line and give the exit code; `connected` makes the gateway from a region and an endpoint."""
    environ = os.environ if environ is None else environ
    try:
        options = _parser(environ).parse_args(arguments)
        command: Callable[[argparse.Namespace, Callable[[], Gateway]], int] = options.command
        return command(options, lambda: connected(options.region, options.endpoint))
    except UsageError as error:
        print(f"xray-operator: {error}", file=sys.stderr)
        return USAGE
    except ManifestError as error:
        for problem in error.problems:
            print(f"xray-operator: {problem}", file=sys.stderr)
        return FAILED
    except GatewayError as error:
        print(f"xray-operator: {error.message}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader of our output has gone
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        print("xray-operator: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="xray-operator", description="Syncs sampling rules and groups to AWS X-Ray.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    common = _common(environ)
    texts: dict[str, tuple[Callable[[argparse.Namespace, Callable[[], Gateway]], int], str]] = {
        "plan": (_plan, "show what apply would do"),
        "apply": (_apply, "make AWS as the manifests ask"),
        "diff": (_diff, "show what differs; exit 2 when something does"),
        "explain": (_explain, "say which rule decides about a request, and why"),
    }
    cli_cluster.add(commands, environ)
    _add_import(commands, common)
    for name, (command, text) in texts.items():
        sub = commands.add_parser(name, parents=[common], help=text, description=text)
        sub.set_defaults(command=command)
        sub.add_argument("-f", "--file", action="append", default=[], help="a file, a folder, or - (repeatable)")
        if name == "explain":
            for option in _PROPERTIES:
                sub.add_argument(f"--{option}", help="the request's; left out, it matches anything")
            sub.add_argument("--live", action="store_true", help="ask AWS for its rules instead of reading files")
        else:
            sub.add_argument("--prune", action="store_true", help="delete what carries this cluster's tag only")
    return parser


def _add_import(commands: Any, common: _Parser) -> None:
    text = "print what AWS holds as manifests"
    sub = commands.add_parser("import", parents=[common], help=text, description=text)
    sub.add_argument("--kind", choices=("rule", "group"), help="only these; default: both")
    sub.add_argument("--namespace", help="the namespace of what has no owner; default: none is written")
    sub.add_argument("--adopt", action="store_true", help="add adoptionPolicy: IfUnowned to what has no owner")
    sub.add_argument("--defaults", action="store_true", help="the Default rule and the Default group as well")
    sub.set_defaults(command=_import)


def _common(environ: Mapping[str, str]) -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument("-o", "--output", choices=("text", "json"), default="text", help="default: text")
    cluster = environ.get("XRAY_OPERATOR_CLUSTER_ID") or "local"
    common.add_argument("--cluster-id", default=cluster, help=f"the owner tag's first part (default: {cluster})")
    common.add_argument("--region", default=environ.get("AWS_REGION") or None, help="default: AWS_REGION")
    endpoint = environ.get("AWS_ENDPOINT_URL_XRAY") or None
    common.add_argument("--endpoint", default=endpoint, help="default: AWS_ENDPOINT_URL_XRAY, else AWS itself")
    return common


def _actions(options: argparse.Namespace, gateway: Callable[[], Gateway]) -> tuple[tuple[Action, ...], Gateway]:
    if not options.file:
        raise UsageError("expected -f FILE or -f FOLDER")
    if not options.cluster_id or "/" in options.cluster_id:
        raise UsageError(f"--cluster-id is {options.cluster_id!r}, expected a name without /")
    desired = manifest_files.load(options.file, sys.stdin.read)
    connected = gateway()
    observed = reconcile.observe(connected, desired, prune=options.prune)
    return plan(desired, observed, cluster_id=options.cluster_id, now=datetime.now(UTC), prune=options.prune), connected


def _plan(options: argparse.Namespace, gateway: Callable[[], Gateway]) -> int:
    actions, _ = _actions(options, gateway)
    _show(options, [render.action_line(one) for one in actions], [render.action_data(one) for one in actions])
    return OK


def _diff(options: argparse.Namespace, gateway: Callable[[], Gateway]) -> int:
    actions, _ = _actions(options, gateway)
    differing = [action for action in actions if not isinstance(action, Keep)]
    lines = [render.action_line(action) for action in differing] or ["nothing differs"]
    _show(options, lines, [render.action_data(action) for action in differing])
    return DIFFERS if differing else OK


def _apply(options: argparse.Namespace, gateway: Callable[[], Gateway]) -> int:
    actions, connected = _actions(options, gateway)

    def told(outcome: Outcome) -> None:
        if options.output == "text":
            print(render.outcome_line(outcome), flush=True)

    outcomes = reconcile.apply(actions, connected, told)
    if options.output == "json":
        print(json.dumps([render.outcome_data(outcome) for outcome in outcomes], indent=2))
    else:
        print(render.summary(outcomes))
    return OK if all(outcome.done for outcome in outcomes) else FAILED


def _import(options: argparse.Namespace, gateway: Callable[[], Gateway]) -> int:
    observed = reconcile.observe(gateway(), [], prune=True)
    held = [
        one
        for one in observed.held
        if options.kind in {None, one.kind} and (options.defaults or not one.value.is_default)
    ]
    imported = manifest_writer.manifests(
        held, observed, cluster_id=options.cluster_id, namespace=options.namespace, adopt=options.adopt
    )
    if options.output == "json":
        print(json.dumps(imported.to_list(), indent=2))
        for note in imported.notes:
            print(f"xray-operator: {note}", file=sys.stderr)
    else:
        print(imported.to_yaml(), end="")
    return OK


def _explain(options: argparse.Namespace, gateway: Callable[[], Gateway]) -> int:
    if bool(options.file) == options.live:
        raise UsageError("expected either -f FILE or --live")
    rules = _live_rules(gateway()) if options.live else _file_rules(options.file)
    request = RequestProperties(**{field: getattr(options, option) for option, field in _PROPERTIES.items()})
    verdicts = explain(rules, request)
    warnings = lint.warnings(rules)
    if options.output == "json":
        print(json.dumps({"rules": [render.verdict_data(one) for one in verdicts], "warnings": warnings}, indent=2))
        return OK
    for verdict in verdicts:
        print(render.verdict_line(verdict))
    for warning in warnings:
        print(f"warning: {warning}")
    return OK


def _live_rules(gateway: Gateway) -> list[SamplingRule]:
    return [held.value for held in gateway.rules() if isinstance(held.value, SamplingRule)]


def _file_rules(files: Sequence[str]) -> list[SamplingRule]:
    values = (manifest.value for manifest in manifest_files.load(files, sys.stdin.read))
    rules = [value for value in values if isinstance(value, SamplingRule)]
    return rules if any(rule.is_default for rule in rules) else [*rules, default_rule()]


def _show(options: argparse.Namespace, lines: Sequence[str], data: Sequence[dict[str, Any]]) -> None:
    if options.output == "json":
        print(json.dumps(data, indent=2))
    else:
        print("\n".join(lines))
