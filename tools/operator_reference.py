"""Writes the operator's reference page from the operator's own tables: `python -m tools.operator_reference FILE`.

`--check` compares the page instead.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.generated import write_or_compare
from xray_operator import settings
from xray_operator.kubernetes import crds
from xray_operator.manifests.kinds import KINDS, KindInfo
from xray_operator.manifests.spec_fields import Field
from xray_operator.reasons import MEANINGS
from xray_operator.runtime import metrics
from xray_operator.status.reporter import EVENTS


def render() -> str:
    """Return the whole page."""
    parts = [
        "# Operator reference",
        "Generated from the operator's own tables by `make generate`. Its behavior: [operator.md](operator.md).",
    ]
    for info in KINDS.values():
        parts += [f"## {info.name} (`{info.short_name}`)", info.text, _fields(info), _rules(info)]
    status_rows = ([f"`{name}`", text] for name, (_, text) in crds.STATUS.items())
    parts += ["## Status", _table(("field", "content"), status_rows)]
    reasons = ([f"`{reason}`", types, text] for reason, (types, text) in MEANINGS.items())
    parts += ["## Reasons of conditions", _table(("reason", "condition", "meaning"), reasons)]
    events = ([f"`{reason}`", text] for reason, text in EVENTS.items())
    parts += [
        "## Events",
        _table(("reason", "meaning"), events),
        "Also a warning whenever `Synced` becomes false or gets another reason; its reason is the condition's.",
    ]
    parts += ["## Settings of `xray-operator run`", "An option overrides its variable.", _settings()]
    rows = ([f"`{metric.name}`", metric.type, ", ".join(metric.labels), metric.text] for metric in metrics.METRICS)
    parts += ["## Metrics", _table(("metric", "type", "labels", "meaning"), rows)]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _fields(info: KindInfo) -> str:
    def row(field: Field) -> tuple[str, ...]:
        default = "" if field.default is None else f"`{str(field.default).lower()}`"
        if isinstance(field.default, str):
            default = f"`{field.default}`"
        return f"`{field.name}`", field.api, field.span, default, field.text

    return _table(("spec field", "AWS", "allowed", "default", ""), map(row, info.fields))


def _rules(info: KindInfo) -> str:
    lines = [f"- {rule.message}" for rule in info.cel_rules]
    return "\n".join(["The API server also rejects, with these messages:", "", *lines])


def _settings() -> str:
    rows = (
        [
            f"`{setting.option}`",
            f"`{setting.variable}`",
            f"`{setting.default}`" if setting.default else "",
            setting.help,
        ]
        for setting in settings.SETTINGS
    )
    return _table(("option", "variable", "default", ""), rows)


def main(arguments: Sequence[str]) -> int:
    """Write or compare the page; return the exit code."""
    [file] = [Path(argument) for argument in arguments if argument != "--check"]
    return write_or_compare({file: render()}, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
