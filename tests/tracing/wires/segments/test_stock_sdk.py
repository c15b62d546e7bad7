"""For the same calls of X-Ray's API our documents are those of the stock SDK, but for the listed differences."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tracing.wires.segments import sdk_scenarios
from tests.tracing.wires.segments.our_api import OurApi
from tests.tracing.wires.segments.sdk_scenarios import SCENARIOS, Api
from tests.tracing.wires.segments.spans import Agent, Document, nodes

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def stock() -> dict[str, list[Document]]:
    """Return what the stock SDK, in a process of its own, sends for each scenario."""
    command = [sys.executable, "-c", "from tests.tracing.wires.segments.stock_sdk import main; main()"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    found: dict[str, list[Document]] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(scenario.__name__))
def test_documents_are_those_of_the_stock_sdk(
    stock: dict[str, list[Document]], scenario: Callable[[Api], None]
) -> None:
    """Names, nesting and every field are equal, whatever the ids and times are."""
    ours = OurApi()
    scenario(ours)
    theirs = Agent([json.dumps(document).encode() for document in stock[scenario.__name__]])
    assert comparable(ours.agent.tree()) == comparable(without_differences(theirs.tree()))


def without_differences(document: Document) -> Document:
    """Return the stock SDK's document with what docs/span-to-segment.md lists as different made equal."""
    for node in nodes(document):
        del node["in_progress"]
        if node is not document:
            for key in ("trace_id", "parent_id", "type"):
                node.pop(key, None)
            if node["namespace"] == "local":
                del node["namespace"]
    xray = document["aws"]["xray"]
    del xray["sdk"], xray["sdk_version"]
    return document


def comparable(document: Document) -> Document:
    """Return a document with ids numbered as they occur, and without times."""
    numbers: dict[str, str] = {}
    for node in nodes(document):
        for holder in (node, *exceptions(node)):
            numbers.setdefault(holder.pop("id"), f"id {len(numbers)}")
        del node["start_time"], node["end_time"]
    for node in nodes(document):
        if isinstance(node.get("cause"), str):
            node["cause"] = numbers[node["cause"]]
    document.pop("trace_id")
    document["aws"]["xray"].pop("auto_instrumentation", None)
    return document


def exceptions(node: Document) -> Iterator[Document]:
    if isinstance(node.get("cause"), dict):
        yield from node["cause"]["exceptions"]


def test_the_scenarios_are_all_in_the_list() -> None:
    """A scenario that nobody compares would show nothing."""
    functions = {
        value for value in vars(sdk_scenarios).values() if getattr(value, "__annotations__", {}).get("api") is Api
    }
    helpers = {sdk_scenarios.segment, sdk_scenarios.subsegment}
    assert functions - helpers == set(SCENARIOS)
