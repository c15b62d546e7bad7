"""The operator's reference in Markdown, made from the tables that the code itself uses.

`python -m xray_operator.reference FILE` writes it; with `--check` it compares instead, and `make check` runs that.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from xray_operator import crd, metrics, settings, status
from xray_operator.crd import ResourceKind
from xray_operator.fields import Field
from xray_operator.report import EVENTS


def render() -> str:
    """Give the whole page."""
    parts = [
        "# The operator's reference",
        "Generated from the operator's own tables by `make generate`; how it behaves: [operator.md](operator.md).",
    ]
    for kind in crd.KINDS:
        parts += [f"## {kind.kind} (`{kind.short}`)", kind.text, _fields(kind), _rules(kind)]
    status_rows = ([f"`{name}`", text] for name, (_, text) in crd.STATUS.items())
    parts += ["## Status", _table(("field", "what it tells"), status_rows)]
    reasons = ([f"`{reason}`", types, text] for reason, (types, text) in status.MEANINGS.items())
    parts += ["## Reasons of conditions", _table(("reason", "condition", "meaning"), reasons)]
    events = ([f"`{reason}`", text] for reason, text in EVENTS.items())
    parts += [
        "## Events",
        _table(("reason", "meaning"), events),
        "Besides, whenever `Synced` turns false or gets another reason: a warning with that reason.",
    ]
    parts += ["## Settings of `xray-operator run`", "An option beats its variable.", _settings()]
    rows = ([f"`{one.name}`", one.type, ", ".join(one.labels), one.text] for one in metrics.METRICS)
    parts += ["## Metrics", _table(("metric", "type", "labels", "what it tells"), rows)]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _fields(kind: ResourceKind) -> str:
    def row(field: Field) -> tuple[str, ...]:
        default = "" if field.default is None else f"`{str(field.default).lower()}`"
        if isinstance(field.default, str):
            default = f"`{field.default}`"
        return f"`{field.name}`", field.api, field.span, default, field.text

    return _table(("spec field", "AWS", "allowed", "default", ""), map(row, kind.fields))


def _rules(kind: ResourceKind) -> str:
    lines = [f"- {rule.message}" for rule in kind.cel]
    return "\n".join(["The API server also refuses, and says so in these words:", "", *lines])


def _settings() -> str:
    rows = (
        [f"`{one.option}`", f"`{one.variable}`", f"`{one.default}`" if one.default else "", one.help]
        for one in settings.SETTINGS
    )
    return _table(("option", "variable", "default", ""), rows)


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with --check tell whether it is as it should be."""
    check = "--check" in arguments
    [file] = [Path(one) for one in arguments if one != "--check"]
    if not check:
        file.write_text(render())
        return 0
    if file.exists() and file.read_text() == render():
        return 0
    sys.stderr.write(f"{file} is not what the operator's tables give; run make generate\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
