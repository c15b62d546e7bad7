"""What `xray-operator import` writes is what a real kubectl and API server read, letter for letter."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import local_cluster
from tools.local_cluster import Cluster
from xray_model import Group, SamplingRule
from xray_operator.aws.objects import AwsObject, Observed, Value, kind_of, name_of
from xray_operator.manifests.export import Export, export

pytestmark = pytest.mark.process
NUMBERS = "1e3 1E3 1e+3 .5 5. +.5 -1 +1 0x1 0X1F 0b1 0o7 07 08 1_0 1_000.5 0x_1 1:30 190:20:30 0x1p-2 1e1000 00 9e99999"
WORDS = (
    "on On ON off y Y n N yes no true True TRUE false null Null ~ .inf -.INF .nan Infinity NaN e3 2030-01-31 2030-1-3"
)
SIGNS = "<< = - -- --- ... . _ _1 ? : # ! & * | > % @ ` {} [] , '' 'a' a:b a#b -a a- \" 2030-01-31T12:00:00Z"
TEXTS = [*NUMBERS.split(), *WORDS.split(), *SIGNS.split()]
SPACED = [
    " a",
    "a ",
    "a: b",
    "a #b",
    "- a",
    "a\tb",
    "a\nb",
    "\ta",
    "a\x85b",
    "a\u2028b",
    "ä",
    "日本",
    "😀",
    "\ufeffa",
    "a\x7fb",
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run an API server."""
    with local_cluster.running(tmp_path_factory.mktemp("import") / "cluster") as started:
        yield started


def imported() -> Export:
    """Import a rule and a group for each text, which is in all fields that take it."""
    values: list[Value] = []
    for number, text in enumerate([*TEXTS, *SPACED]):
        rule = SamplingRule(
            rule_name=text,
            priority=1 + number,
            fixed_rate=0,
            reservoir_size=0,
            service_name=text,
            attributes={text: text},
        )
        values += [rule, Group(group_name=text)]
    held = [AwsObject(one, f"arn:{kind_of(one)}/{name_of(one)}") for one in values]
    observed = Observed(held, {one.arn: {} for one in held})
    return export(held, observed, cluster_id="local", namespace="default", adopt=False)


def taken(running: Cluster, file: Path) -> list[dict[str, Any]]:
    """Give what the API server would store of a file."""
    text = running.kubectl("create", "--dry-run=server", "-o", "json", "-f", str(file))
    found = []
    while text.strip():  # one object after another
        one, end = json.JSONDecoder().raw_decode(text.lstrip())
        found.append(one)
        text = text.lstrip()[end:]
    return found


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_each_text_arrives_as_it_is_in_aws(running: Cluster, tmp_path: Path, form: str) -> None:
    """Numbers, dates, booleans and nothings by their looks, and letters that cannot be seen."""
    written = imported()
    file = tmp_path / f"import.{form}"
    file.write_text(written.to_yaml() if form == "yaml" else json.dumps(written.to_list()), encoding="utf-8")
    found = taken(running, file)
    assert len(found) == len(written.manifests) == 2 * len([*TEXTS, *SPACED])
    for ours, theirs in zip(written.manifests, found, strict=True):
        assert theirs["metadata"]["name"] == ours["metadata"]["name"]
        assert {key: theirs["spec"].get(key) for key in ours["spec"]} == ours["spec"]
