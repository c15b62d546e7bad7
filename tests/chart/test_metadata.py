"""What `ct lint` of chart-testing checks, with its rules: https://github.com/helm/chart-testing/tree/main/etc."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from tools.chart.values import CHART

LINTCONF = """\
rules:
  braces: {min-spaces-inside: 0, max-spaces-inside: 0, min-spaces-inside-empty: -1, max-spaces-inside-empty: -1}
  brackets: {min-spaces-inside: 0, max-spaces-inside: 0, min-spaces-inside-empty: -1, max-spaces-inside-empty: -1}
  colons: {max-spaces-before: 0, max-spaces-after: 1}
  commas: {max-spaces-before: 0, min-spaces-after: 1, max-spaces-after: 1}
  comments: {require-starting-space: true, min-spaces-from-content: 2}
  empty-lines: {max: 2, max-start: 0, max-end: 0}
  hyphens: {max-spaces-after: 1}
  indentation: {spaces: consistent, indent-sequences: whatever, check-multi-line-strings: false}
  key-duplicates: enable
  new-line-at-end-of-file: enable
  new-lines: {type: unix}
  trailing-spaces: enable
  truthy: {level: warning}
"""
_TEXT = {"type": "string"}
_MAINTAINER = {
    "type": "object",
    "properties": {"name": _TEXT, "email": _TEXT, "url": _TEXT},
    "required": ["name"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("name", "home", "apiVersion", "description", "icon", "kubeVersion", "type"), _TEXT),
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"},
        "appVersion": {"type": ["string", "number"]},
        "keywords": {"type": "array", "items": _TEXT},
        "sources": {"type": "array", "items": _TEXT},
        "maintainers": {"type": "array", "items": _MAINTAINER, "minItems": 1},
        "deprecated": {"type": "boolean"},
        "annotations": {"type": "object", "additionalProperties": _TEXT},
    },
    "required": ["name", "version", "apiVersion", "maintainers"],
    "additionalProperties": False,
}
FILES = [CHART / "Chart.yaml", CHART / "values.yaml", *sorted(CHART.glob("ci/*-values.yaml"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_yaml_has_the_style_of_chart_testing(file: Path) -> None:
    """Charts are contributed to repositories that run `ct lint`."""
    assert [str(problem) for problem in linter.run(file.read_text(), YamlLintConfig(LINTCONF))] == []


def test_chart_yaml_has_chart_testings_schema() -> None:
    """With a version, and a maintainer who has a name."""
    jsonschema.validate(yaml.safe_load((CHART / "Chart.yaml").read_text()), SCHEMA)
