"""The chart is for Helm 4, and for Helm 3 from 3.18 on: the two make the same of it."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.chart.release import HELM, HELM3, Object, Values, refusal, render
from tools.chart.golden import value_sets
from tools.chart.values import CHART

# Helm 3 shows the notes of a release only with a cluster, even in a dry run.
SHOWN_NOTES = """{apiVersion: v1, kind: ConfigMap, metadata: {name: notes}, data: {notes: {{
  include (printf "%s/NOTES.txt" .Template.BasePath) . | toJson }}}}
"""


@pytest.fixture(scope="module")
def showing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the chart with its notes in an object."""
    chart = tmp_path_factory.mktemp("charts") / CHART.name
    shutil.copytree(CHART, chart)
    (chart / "templates/notes.yaml").write_text(SHOWN_NOTES)
    return chart


def in_order(objects: list[Object]) -> list[Object]:
    """Return the objects by kind and name: Helm sends those of a kind in an order of its own."""
    return sorted(
        objects,
        key=lambda manifest: (manifest["kind"], manifest["metadata"]["name"], json.dumps(manifest, sort_keys=True)),
    )


@pytest.mark.parametrize("name", value_sets())
def test_the_objects_are_the_same(name: str, showing: Path) -> None:
    """Hooks and tests too, each configuration in them letter by letter."""
    three, four = made(name, showing)
    assert in_order(three) == in_order(four)


@pytest.mark.parametrize("name", value_sets())
def test_the_notes_are_the_same(name: str, showing: Path) -> None:
    """Except for `helm test --logs`: Helm 3 deletes the pod before it reads its logs (helm/helm#9098)."""
    three, four = (objects[0]["data"]["notes"] for objects in made(name, showing, notes=True))
    assert three.lstrip().startswith(("Send a request:\n", "See the traces:\n"))
    assert "--logs" not in three
    assert three == four.replace(" test demo --logs\n", " test demo\n")


def made(name: str, chart: Path, *, notes: bool = False) -> list[list[Object]]:
    """Return what Helm 3 and Helm 4 make of a value set: the object with the notes, or all others."""
    given: Values = yaml.safe_load(value_sets()[name].read_text()) or {}
    return [
        [found for found in render(given, helm=helm, chart=chart) if (found["metadata"]["name"] == "notes") is notes]
        for helm in (HELM3, HELM)
    ]


def test_the_schema_refuses_a_wrong_value() -> None:
    """The key is named; the words are the validator's, which became Helm 4's in the course of 3.18."""
    (line,) = refusal({"backend.port": 0}, HELM3)
    assert re.search(r"\bbackend[./]port\b", line)


def test_a_contradiction_has_the_same_message() -> None:
    """These are the chart's own."""
    given: Values = {"xrayLocal.enabled": False, "operator.clusterId": "prod"}
    line = "aws.region: '': expected a region such as eu-central-1 because xrayLocal.enabled is false"
    assert refusal(given, HELM3) == [line] == refusal(given, HELM)
