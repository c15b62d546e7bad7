import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, document
from xray_local.api.operations import OPERATIONS
from xray_local.state.region import Region


async def test_the_example_is_stored_by_one_request_and_shown(api: Client, region: Region) -> None:
    """A trace over four services that failed."""
    answer = await api.post("/start/example", allow_redirects=False)
    assert answer.status == 303
    found = await (await api.get(f"{answer.headers['Location']}.json")).json()
    assert found["total"] > 4
    summaries = OPERATIONS["GetTraceSummaries"](region, {"StartTime": 0.0, "EndTime": NOW + 1})["TraceSummaries"]
    assert [summary["HasFault"] for summary in summaries] == [True]


async def test_the_confirmation_deletes_nothing(api: Client, region: Region) -> None:
    """It says what would be deleted."""
    region.put([document(1)])
    OPERATIONS["CreateGroup"](region, {"GroupName": "g", "FilterExpression": "fault"})
    assert await (await api.get("/clear.json")).json() == {"traces": 1, "groups": 1, "rules": 0}
    assert region.store.counts()["traces"] == 1


@pytest.mark.parametrize(("query", "groups"), [("", ["Default", "g"]), ("?everything=1", ["Default"])])
async def test_clearing_deletes_traces_or_everything(
    api: Client, region: Region, query: str, groups: list[str]
) -> None:
    """Groups and sampling rules stay unless everything is to go."""
    region.put([document(1)])
    OPERATIONS["CreateGroup"](region, {"GroupName": "g", "FilterExpression": "fault"})
    answer = await api.post(f"/clear{query}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/start")
    assert region.store.counts()["traces"] == 0
    assert [group["GroupName"] for group in OPERATIONS["GetGroups"](region, {})["Groups"]] == groups


@pytest.mark.parametrize("path", ["/clear", "/start/example"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_site_cannot_press_a_button(api: Client, region: Region, path: str, origin: str) -> None:
    """Nothing is deleted and nothing stored."""
    region.put([document(1)])
    assert (await api.post(path, headers={"Origin": origin})).status == 403
    assert region.store.counts()["traces"] == 1


@pytest.mark.parametrize("send", ["flask", "opentelemetry", "xray", "example"])
async def test_each_way_to_send_is_an_address(api: Client, send: str) -> None:
    """So it needs no JavaScript, and can be sent as a link."""
    text = await (await api.get(f"/start?send={send}")).text()
    assert f'send={send}#send" aria-current="true"' in text


async def test_reading_again_is_asked_for(api: Client) -> None:
    """A page does not reload by itself, which a screen reader would start to read again."""
    assert "http-equiv" not in await (await api.get("/start")).text()
    assert 'http-equiv="refresh" content="5"' in await (await api.get("/start?live=5")).text()
