"""A real kubectl and API server read what `xray-operator import` writes, character by character."""

import json
from pathlib import Path
from typing import Any

import pytest

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


def imported() -> Export:
    """Import a rule and a group for each text, which is in all fields that accept it."""
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
    objects = [AwsObject(value, f"arn:{kind_of(value)}/{name_of(value)}") for value in values]
    observed = Observed(objects, {aws_object.arn: {} for aws_object in objects})
    return export(objects, observed, cluster_id="local", namespace="default", adopt=False)


def accepted(cluster: Cluster, file: Path) -> list[dict[str, Any]]:
    """Return the objects that the API server would store for a file."""
    text = cluster.kubectl("create", "--dry-run=server", "-o", "json", "-f", str(file))
    objects = []
    while text := text.lstrip():  # JSON objects in a row
        item, end = json.JSONDecoder().raw_decode(text)
        objects.append(item)
        text = text[end:]
    return objects


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_imported_text_is_accepted_unchanged(api_server: Cluster, tmp_path: Path, output: str) -> None:
    """Text that looks like a number, a date, a boolean or null, and characters that are invisible."""
    written = imported()
    file = tmp_path / f"import.{output}"
    file.write_text(written.to_yaml() if output == "yaml" else json.dumps(written.to_list()), encoding="utf-8")
    objects = accepted(api_server, file)
    assert len(objects) == len(written.manifests) == 2 * len([*TEXTS, *SPACED])
    for manifest, stored in zip(written.manifests, objects, strict=True):
        assert stored["metadata"]["name"] == manifest["metadata"]["name"]
        assert {key: stored["spec"].get(key) for key in manifest["spec"]} == manifest["spec"]
