import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, Clock, document, statistics, text, trace_id
from xray_local.state.region import Region


async def test_health_counts_stored_evicted_and_rejected(api: Client, region: Region) -> None:
    """Segments, spans, evicted traces, refused documents."""
    region.store.max_traces = 2
    region.put([document(1), document(2, 1), document(2, 2), document(3, metadata={"otel": {}})])
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": ["{"]})
    assert await (await api.get("/_local/health")).json() == {
        "status": "ok",
        "traces": 2,
        "segments": 2,
        "spans": 1,
        "evicted_traces": 1,
        "rejected": 1,
        "max_traces": 2,
    }


async def test_health_says_why_nothing_can_be_indexed(api: Client, region: Region) -> None:
    """Its answer is 200, since a probe that fails would end the process with the page that could reset it."""
    region.put([document(1)])
    region.store._database.execute("ALTER TABLE documents RENAME TO other")
    answer = await api.get("/_local/health")
    assert (answer.status, (await answer.json())["status"][:30]) == (200, "the store cannot be written: n")
    assert (await api.post("/_local/reset")).status == 200
    assert (await (await api.get("/_local/health")).json())["status"] == "ok"


async def test_traces_are_the_documents_as_they_were_sent(api: Client) -> None:
    """In the shape of BatchGetTraces, which compiles them."""
    sent = [text(1, 1), text(1, 2, type="subsegment", parent_id=f"{1:016x}")]
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": sent})
    answer = await (await api.post("/_local/traces", json={"TraceIds": [trace_id(1), trace_id(2)]})).json()
    assert [segment["Document"] for segment in answer["Traces"][0]["Segments"]] == sent
    assert answer["UnprocessedTraceIds"] == [trace_id(2)]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"TraceIds": "1"}', b'{"TraceIds": [1]}', b"[" * 100_000])
async def test_a_request_for_traces_without_ids_is_refused(api: Client, body: bytes) -> None:
    """With the form that is expected."""
    answer = await api.post("/_local/traces", data=body)
    assert answer.status == 400
    assert (await answer.json())["message"] == 'expected {"TraceIds": [...]}, as in BatchGetTraces'


async def test_reset_deletes_everything(api: Client) -> None:
    """Traces, groups, clients, faults and the log of requests."""
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": [text(1), "{"]})
    await api.post("/CreateGroup", json={"GroupName": "one"})
    await api.post("/SamplingTargets", json={"SamplingStatisticsDocuments": [statistics("Default")]})
    await api.put("/_local/faults", json=[{"operation": "GetGroups", "status": 500, "times": 9}])
    await api.post("/_local/reset")
    assert await (await api.get("/_local/requests")).json() == []
    groups = await (await api.post("/Groups", json={})).json()
    assert [group["GroupName"] for group in groups["Groups"]] == ["Default"]
    summaries = await (await api.post("/SamplingStatisticSummaries", json={})).json()
    assert summaries == {"SamplingStatisticSummaries": []}
    health = await (await api.get("/_local/health")).json()
    assert (health["traces"], health["rejected"]) == (0, 0)


async def test_requests_are_logged_with_body_status_and_client(api: Client, clock: Clock) -> None:
    """In order, with the refused ones; the scope is that of the signature."""
    scope = "Credential=AKID/20260801/eu-west-1/xray/aws4_request"
    await api.post("/CreateGroup", json={"GroupName": "one"}, headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, x"})
    clock.now += 1
    await api.post("/DeleteGroup", json={"GroupName": "two"})
    caller = {"listener": "api", "peer": "127.0.0.1"}
    created = {"operation": "CreateGroup", "time": NOW, "status": 200, "body": {"GroupName": "one"}}
    deleted = {"operation": "DeleteGroup", "time": NOW + 1, "status": 400, "body": {"GroupName": "two"}}
    expected = [created | caller | {"scope": "eu-west-1/xray"}, deleted | caller | {"scope": None}]
    assert await (await api.get("/_local/requests")).json() == expected
    await api.delete("/_local/requests")
    assert await (await api.get("/_local/requests")).json() == []


async def test_a_large_body_is_not_logged(api: Client) -> None:
    """Only its status is."""
    await api.post("/TraceSegments", json={"TraceSegmentDocuments": [text(1, name="x" * 200)] * 50})
    [call] = await (await api.get("/_local/requests")).json()
    assert (call["status"], call["body"]) == (200, {})


async def test_a_script_is_set_read_and_deleted(api: Client) -> None:
    """One that is not valid does not replace it."""
    await api.put("/_local/faults", json=[{"operation": "GetGroups", "status": 500}])
    refused = await api.put("/_local/faults", json=[{"operation": "GetGroups", "status": 1}])
    assert (refused.status, (await refused.json())["message"]) == (
        400,
        "fault 1: status: 1: expected a whole number from 400 to 599, or null",
    )
    assert (await api.put("/_local/faults", data=b"[" * 100_000)).status == 400
    [fault] = await (await api.get("/_local/faults")).json()
    assert fault == {
        "operation": "GetGroups",
        "times": 1,
        "status": 500,
        "code": "InternalFailure",
        "message": "a scripted fault",
        "when": "before",
        "delay": 0.0,
        "stale": False,
    }
    await api.delete("/_local/faults")
    assert (await api.post("/Groups", json={})).status == 200
