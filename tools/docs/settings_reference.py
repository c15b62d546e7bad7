"""The reference of the environment variables: docs/settings.md, from the tables of settings in the code."""

from collections.abc import Iterable
from dataclasses import fields
from typing import NamedTuple

import cruddur.settings
import xray_local.settings
import xray_operator.settings
from cruddur_tracing import TracingSettings

_HEAD = """# Environment variables

The variables of this project, generated from its tables of settings by `make generate`; do not edit. The SDKs, boto3
and OpenTelemetry read others (`AWS_*`, `OTEL_*`).

An invalid value is an error that names the variable, the value and what was expected."""


class Variable(NamedTuple):
    """A row of the page."""

    name: str
    default: str
    help: str


def render() -> str:
    """Return the whole page."""
    tracing = (
        Variable(field.metadata["variable"], _text(field.default), field.metadata["help"])
        for field in fields(TracingSettings)
    )
    backend = (Variable(row.variable, row.default, row.help) for row in cruddur.settings.table())
    operator = (Variable(row.variable, row.default, row.help) for row in xray_operator.settings.SETTINGS)
    local = (Variable(row.variable, row.default, row.help) for row in xray_local.settings.FIELDS)
    parts = [
        _HEAD,
        "## Tracing",
        "In the traced app ([the library](../libs/tracing/README.md), [the sampler alone](sampling.md#settings)).",
        _table(tracing),
        "## xray-local",
        "Options of `xray-local serve` override them.",
        _table(local),
        "## xray-operator",
        "Options of `xray-operator run` override them.",
        _table(operator),
        "## The backend",
        "In the [Flask service](../backend/README.md).",
        _table(backend),
    ]
    return "\n\n".join(parts) + "\n"


def _text(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)


def _table(variables: Iterable[Variable]) -> str:
    rows = (f"| `{row.name}` | {f'`{row.default}`' if row.default else ''} | {row.help} |" for row in variables)
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])
