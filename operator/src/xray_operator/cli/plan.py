"""`plan`, `apply` and `diff`: manifests and AWS compared, and brought together."""

import argparse
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from xray_operator.aws.gateway import Gateway
from xray_operator.aws.guards import AccountCheck, GuardedGateway
from xray_operator.aws.objects import Observed
from xray_operator.cli import render
from xray_operator.cli.options import (
    DIFFERS,
    FAILED,
    OK,
    Command,
    Connect,
    UsageError,
    add_files,
    add_setting,
    aws_options,
    load_files,
    note,
    paint,
    show,
)
from xray_operator.manifests.manifest import Manifest
from xray_operator.plan import apply, lint
from xray_operator.plan.actions import Action, Conflict, Keep
from xray_operator.plan.apply import Outcome
from xray_operator.plan.planner import plan, planned_rules


def add_commands(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the commands to a parser's."""
    families: dict[str, tuple[Command, str]] = {
        "plan": (_plan, "show what apply would do"),
        "apply": (_apply, "apply the manifests to AWS"),
        "diff": (_diff, "show the differences; exit 2 if there are any"),
    }
    for name, (command, text) in families.items():
        sub = commands.add_parser(name, parents=[aws_options(environ)], help=text, description=text)
        sub.set_defaults(command=command)
        add_files(sub)
        sub.add_argument(
            "--prune",
            action="append",
            default=[],
            metavar="NAMESPACE",
            help="delete the objects without a manifest that this cluster id owns in a namespace (repeatable; *: all)",
        )
        add_setting(sub, "account", environ)


def _actions(options: argparse.Namespace, gateway: Gateway) -> tuple[Action, ...]:
    desired = load_files(options)
    observed = apply.observe(gateway, desired, prune=bool(options.prune))
    return _planned(desired, observed, options.cluster_id, prune=options.prune)


def _planned(
    desired: Sequence[Manifest], observed: Observed, cluster_id: str, *, prune: Collection[str] = ()
) -> tuple[Action, ...]:
    return plan(desired, observed, cluster_id=cluster_id, now=datetime.now(UTC), prune=prune)


def _connected(options: argparse.Namespace, connect: Connect) -> Gateway:
    if not options.file:
        raise UsageError("expected -f FILE or -f FOLDER")
    gateway, writes = connect(), options.command is _apply

    def report(account: str) -> None:
        if writes:
            note(options, f"account {account}, region {gateway.region}, {gateway.endpoint}")

    check = AccountCheck(gateway, options.account, report, asks=writes and not options.endpoint)
    return GuardedGateway(gateway, before_read=check)


def _plan(options: argparse.Namespace, connect: Connect) -> int:
    gateway, desired = _connected(options, connect), load_files(options)
    observed = apply.observe(gateway, desired, prune=bool(options.prune))
    return show_plan(options, desired, observed, options.cluster_id, prune=options.prune)


def show_plan(
    options: argparse.Namespace,
    desired: Sequence[Manifest],
    observed: Observed,
    cluster_id: str,
    *,
    prune: Collection[str] = (),
) -> int:
    """Print what would be changed in AWS, and return the exit code."""
    actions = _planned(desired, observed, cluster_id, prune=prune)
    warnings = lint.by_rule(planned_rules(actions, observed))
    lines = [line for action in actions for line in render.planned_lines(action, warnings)]
    show(options, lines or ["nothing to do"], [render.planned_data(action, warnings) for action in actions])
    return FAILED if any(isinstance(action, Conflict) for action in actions) else OK


def _diff(options: argparse.Namespace, connect: Connect) -> int:
    actions = _actions(options, _connected(options, connect))
    differing = [action for action in actions if not isinstance(action, Keep)]
    lines = [*map(render.action_line, differing)] or ["no differences"]
    show(options, lines, [*map(render.action_data, differing)])
    return DIFFERS if differing else OK


def _apply(options: argparse.Namespace, connect: Connect) -> int:
    gateway = _connected(options, connect)
    actions = _actions(options, gateway)

    def report(outcome: Outcome) -> None:
        if options.output == "text":
            print(paint(options, render.outcome_line(outcome)), flush=True)

    outcomes = apply.apply(actions, gateway, report)
    if options.output == "json":
        print(json.dumps([render.outcome_data(outcome) for outcome in outcomes], indent=2))
    else:
        print(render.summary(outcomes))
    return OK if all(outcome.done for outcome in outcomes) else FAILED
