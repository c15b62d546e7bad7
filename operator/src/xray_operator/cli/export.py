"""`import`: the objects in AWS as manifests."""

import argparse
import json
from collections.abc import Collection, Mapping
from typing import Any

from xray_operator.aws.objects import Observed, Target
from xray_operator.cli.options import OK, Connect, aws_options, note
from xray_operator.manifests.export import export
from xray_operator.manifests.kinds import KINDS
from xray_operator.plan.apply import observe

TEXT = "print the objects in AWS as manifests"


def add_commands(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the command to a parser's."""
    sub = commands.add_parser("import", parents=[aws_options(environ)], help=TEXT, description=TEXT)
    sub.set_defaults(command=_import)
    sub.add_argument("-n", "--namespace", help="the namespace of objects without an owner; default: none is written")
    add_selection(sub)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options that select objects, and describe their manifests."""
    parser.add_argument("--kind", choices=tuple(KINDS), help="only this kind; default: both")
    parser.add_argument(
        "--adopt", action="store_true", help="add adoptionPolicy: IfUnowned to objects without an owner"
    )
    parser.add_argument("--defaults", action="store_true", help="include the Default rule and the Default group")


def _import(options: argparse.Namespace, connect: Connect) -> int:
    return print_manifests(options, observe(connect(), [], prune=True), options.cluster_id)


def print_manifests(
    options: argparse.Namespace, observed: Observed, cluster_id: str, without: Collection[Target] = ()
) -> int:
    """Print the selected objects in AWS as manifests, and return the exit code."""
    objects = [
        found
        for found in observed.objects
        if options.kind in {None, found.kind} and (options.defaults or not found.is_default)
    ]
    selected = [found for found in objects if found.target not in without]
    exported = export(selected, observed, cluster_id=cluster_id, namespace=options.namespace, adopt=options.adopt)
    if options.output == "json":
        print(json.dumps(exported.to_list(), indent=2))
        for line in exported.notes:
            note(options, line)
    else:
        print(exported.to_yaml(), end="")
    return OK
