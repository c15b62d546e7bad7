"""Generates docs/xray-local-api.md from the service model: every operation, what it does and the checks of its members.

`python -m tools.xray_local_api` writes the file, `--check` compares it.
"""

import sys
from pathlib import Path

from tools.generated import write_or_compare
from xray_local.api import shapes
from xray_local.api.operations import OPERATIONS
from xray_local.api.shapes import Shape

TARGET = Path(__file__).resolve().parents[1] / "docs" / "xray-local-api.md"
_HEAD = """# The API of xray-local

Generated from botocore's service model `xray/2016-04-12` by `python -m tools.xray_local_api`; do not edit.

## Clients

Each is run unchanged against a real process. What the integration suite installs, it skips where its toolchain or its
registry is missing.

| client | what is tested |
|---|---|
| boto3 | every operation, each answer with all members of its shape |
| AWS CLI | sampling rules and groups, with the variables that the documentation names |
| X-Ray SDK for Python | segments by UDP; sampling rules and targets by the agent's TCP port |
| X-Ray SDK for Node (`aws-xray-sdk-core`) | the same, with calls by HTTP and by the AWS SDK for JavaScript |
| X-Ray SDK for Java (`aws-xray-recorder-sdk-core`) | the same, and a rule whose rate changes |
| Powertools for AWS Lambda (Python) | its tracer, with `--lambda` |
| OpenTelemetry SDK for Python | OTLP over HTTP and gRPC, each compression |
| OpenTelemetry SDK for JavaScript | OTLP over HTTP with JSON |
| ADOT distro for Python (`aws-opentelemetry-distro`) | its exporter of spans, and its sampler by rules and targets |
| OpenTelemetry collector | its `awsxray` exporter, whose segments read like the same spans by OTLP |
| Terraform's AWS provider | all resources of X-Ray: apply, a plan without changes, change, destroy |
| SAM CLI | `sam traces`, as text and as JSON |
| Grafana's X-Ray data source | its calls, and the members that its panels read, replayed |

## Operations

All {all} operations are implemented; the third column says what they do here. Members are checked for their types and
for the limits in the last column; `*` marks a required member.

| operation | POST | here | members and limits |
|---|---|---|---|
"""


def table() -> str:
    """Return the document."""
    routes = list(shapes.routes())
    rows = [
        f"| {route.operation} | `{route.path}` | {_summary(route.operation)} | {_members(route.input_shape)} |\n"
        for route in routes
    ]
    return _HEAD.format(all=len(routes)) + "".join(rows)


def _summary(operation: str) -> str:
    return (OPERATIONS[operation].__doc__ or "").partition("\n")[0].rstrip(".")


def _members(shape: Shape | None) -> str:
    if shape is None:
        return ""
    return ", ".join(
        f"{name}{'*' if name in shape.required_members else ''}{_limits(member)}"
        for name, member in shape.members.items()
    )


def _limits(shape: Shape) -> str:
    if shape.type_name == "structure":
        return f" {{{_members(shape)}}}"
    if shape.type_name == "list":
        return f" [{_limits(shape.member).strip()}]{_range(shape)}"
    enum = shape.metadata.get("enum")
    return f" ({' or '.join(enum)})" if enum else _range(shape)


def _range(shape: Shape) -> str:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None:
        return ""
    return f" ({'' if least is None else least}..{'' if most is None else most})"


def main(arguments: list[str]) -> int:
    """Write the document, or with --check compare it."""
    return write_or_compare({TARGET: table()}, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
