import json

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, document
from xray_local.api.operations import OPERATIONS
from xray_local.state.region import Region


async def test_a_group_has_the_numbers_of_its_traces(api: Client, region: Region) -> None:
    """Of all that are stored, and of each minute of the last hour."""
    OPERATIONS["CreateGroup"](region, {"GroupName": "slow", "FilterExpression": "responsetime > 1"})
    for number, (age, seconds) in enumerate([(30, 0.5), (40, 2.0), (90, 4.0), (7200, 4.0)]):
        region.put([document(number, start_time=NOW - age, end_time=NOW - age + seconds, fault=seconds > 2)])
    found = {group["GroupName"]: group for group in (await (await api.get("/groups.json")).json())["groups"]}
    assert {name: (group["Matches"], group["faults"]) for name, group in found.items()} == {
        "Default": (4, 2),
        "slow": (3, 2),
    }
    assert found["slow"]["p50"] == pytest.approx(4.0, rel=0.003)
    assert (sum(found["slow"]["minutes"]["traces"]), sum(found["slow"]["minutes"]["faults"])) == (2, 1)


async def test_numbers_are_read_again_after_a_change(api: Client, region: Region) -> None:
    """Of a trace that arrived since."""
    for number in (1, 2):
        region.put([document(number)])
        assert (await (await api.get("/groups.json")).json())["groups"][0]["Matches"] == number


async def test_a_group_is_a_manifest(api: Client, region: Region) -> None:
    """As plain text, which a browser shows; an unknown one is an error."""
    OPERATIONS["CreateGroup"](region, {"GroupName": "a.yaml", "FilterExpression": 'user = "<b>"'})
    answer = await api.get("/groups/a.yaml.yaml")
    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert f"filterExpression: {json.dumps('user = ' + json.dumps('<b>'))}" in await answer.text()
    assert (await api.get("/groups/none.yaml")).status == 400
