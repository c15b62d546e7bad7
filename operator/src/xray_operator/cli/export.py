"""`import`: the objects in AWS as manifests."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from xray_operator.cli.options import OK, Connect, aws_options
from xray_operator.manifests.export import export
from xray_operator.manifests.kinds import KINDS
from xray_operator.plan.apply import observe


def add_commands(commands: Any, environ: Mapping[str, str]) -> None:
    """Add the command to a parser's."""
    text = "print the objects in AWS as manifests"
    sub = commands.add_parser("import", parents=[aws_options(environ)], help=text, description=text)
    sub.set_defaults(command=_import)
    sub.add_argument("--kind", choices=tuple(KINDS), help="only this kind; default: both")
    sub.add_argument("--namespace", help="the namespace of objects without an owner; default: none is written")
    sub.add_argument("--adopt", action="store_true", help="add adoptionPolicy: IfUnowned to objects without an owner")
    sub.add_argument("--defaults", action="store_true", help="include the Default rule and the Default group")


def _import(options: argparse.Namespace, connect: Connect) -> int:
    observed = observe(connect(), [], prune=True)
    objects = [
        found
        for found in observed.objects
        if options.kind in {None, found.kind} and (options.defaults or not found.is_default)
    ]
    exported = export(
        objects, observed, cluster_id=options.cluster_id, namespace=options.namespace, adopt=options.adopt
    )
    if options.output == "json":
        print(json.dumps(exported.to_list(), indent=2))
        for note in exported.notes:
            print(f"xray-operator: {note}", file=sys.stderr)
    else:
        print(exported.to_yaml(), end="")
    return OK
