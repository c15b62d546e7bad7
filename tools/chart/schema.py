"""The chart's values.schema.json, made from values.yaml, the shapes and the CRDs.

`python -m tools.chart.schema` writes it; with `--check` it compares instead, and `make check` runs that. The keys,
types and descriptions are those of values.yaml, and a sampling rule's fields those of its CRD: none is typed twice.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tools.chart.shapes import SHAPES, Schema
from tools.chart.values import CHART, Value, ValuesError, read

TYPES = {bool: "boolean", str: "string"}
# The keys of `podDefaults` are also those of each part, whether values.yaml lists them there or not.
DEFAULTS = "podDefaults."
PARTS = ("backend", "daemon", "collector", "xrayLocal", "operator", "tests")
GLOBAL: Schema = {
    "type": "object",
    "description": "What Helm gives to every subchart; these are used, and others are ignored.",
    "properties": {
        "imageRegistry": {"type": "string", "description": "Replaces the registry of every image."},
        "imagePullSecrets": {
            "type": "array",
            "items": {"type": ["string", "object"]},
            "description": "Secrets to pull images with: names, or `{name: ...}`.",
        },
    },
}
KEPT = ("type", "enum", "minimum", "maximum", "minLength", "maxLength", "maxProperties", "description")


def render(chart: Path = CHART) -> str:
    """Return the file's text."""
    schema: Schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart cruddur",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "global": GLOBAL,
            "enabled": {"type": "boolean", "description": "For the `condition` of a chart that has this one in it."},
        },
        "required": [],
        "$defs": dict(sorted(_resources(chart).items())),
    }
    values = read(chart)
    for value in (*values, *_of_each_part(values)):
        _place(schema, value, shape(value))
    for path, replacement in renamed(chart).items():
        _place(schema, Value(path, None, f"No longer a value: {replacement}."), {})
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def renamed(chart: Path = CHART) -> dict[str, str]:
    """Return what takes the place of values that the chart had once; templates/_validate.tpl refuses these in words."""
    found: dict[str, str] = yaml.safe_load((chart / "files/renamed.yaml").read_text())
    return found


def _of_each_part(values: Sequence[Value]) -> Iterator[Value]:
    """Yield the keys of `podDefaults` for each part; one that values.yaml lists for a part stays as it is there."""
    listed = {value.path for value in values}
    for value in values:
        name = value.path.removeprefix(DEFAULTS)
        for path in (f"{part}.{name}" for part in PARTS if name != value.path):
            if path not in listed:
                yield Value(path, None, f"Overrides `{value.path}`.")


def shape(value: Value) -> Schema:
    """Return the schema of a value. Raises ValuesError if neither table nor default determine it."""
    fitting = [schema for pattern, schema in SHAPES.items() if fnmatchcase(value.path, pattern)]
    if fitting:
        return SHAPES.get(value.path, fitting[0])
    kind = TYPES.get(type(value.default))
    if kind is None:
        raise ValuesError(f"values.yaml: {value.path} has no shape, expected a line for it in tools/chart/shapes.py")
    return {"type": kind}


def _place(schema: Schema, value: Value, found: Schema) -> None:
    *groups, name = value.path.split(".")
    for group in groups:
        if value.default is not None:
            _require(schema, group)
        fresh: Schema = {"type": "object", "additionalProperties": False, "properties": {}, "required": []}
        schema = schema["properties"].setdefault(group, fresh)
    if value.default is not None and "null" not in found["type"]:  # Helm leaves a value out that is null
        _require(schema, name)
    schema["properties"][name] = {"description": value.description, **found}


def _require(schema: Schema, name: str) -> None:
    if name not in schema["required"]:
        schema["required"].append(name)


def _resources(chart: Path) -> dict[str, Schema]:
    """Return the specs of our resources; what their CRDs check by rules, the API server says."""
    crds = [yaml.safe_load(file.read_text()) for file in (chart / "crds").iterdir()]
    return {crd["spec"]["names"]["kind"]: strict(spec_of(crd)) for crd in crds}


def spec_of(crd: dict[str, Any]) -> Schema:
    """Return the structural schema of a CRD's spec."""
    (version,) = crd["spec"]["versions"]
    found: Schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def strict(structural: Schema) -> Schema:
    """Turn a structural schema into one that knows no other fields."""
    schema = {name: structural[name] for name in KEPT if name in structural}
    if "properties" in structural:
        schema["properties"] = {name: strict(field) for name, field in structural["properties"].items()}
        schema["additionalProperties"] = False
        schema["required"] = structural.get("required", [])
    elif "additionalProperties" in structural:
        schema["additionalProperties"] = strict(structural["additionalProperties"])
    if "items" in structural:
        schema["items"] = strict(structural["items"])
    return schema


def main(arguments: Sequence[str]) -> int:
    """Write the schema, or compare it."""
    target = CHART / "values.schema.json"
    try:
        text = render()
    except ValuesError as error:
        print(f"schema: {error}", file=sys.stderr)
        return 1
    if "--check" not in arguments:
        target.write_text(text)
    elif not target.exists() or target.read_text() != text:
        print(f"schema: {target.name} is not what values.yaml says: run `make generate`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
