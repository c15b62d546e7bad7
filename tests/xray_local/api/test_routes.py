import gzip
import json
import sys
from io import BytesIO
from typing import Any

import pytest

from tests.xray_local.conftest import Client
from tests.xray_local.samples import NOW, rule, text, trace_id
from xray_local.api import shapes
from xray_local.api.operations import OPERATIONS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FAILED = "failed to satisfy constraint"
MOST = "less than or equal to"


async def refused(client: Client, path: str, **request: Any) -> tuple[int, str, str]:
    """Return status, code and message of an error; header and body have the same code."""
    answer = await client.post(path, **request)
    body = await answer.json()
    assert answer.headers["x-amzn-ErrorType"] == body["__type"]
    assert body["Message"] == body["message"]
    return answer.status, body["__type"], body["message"]


async def test_an_operation_has_the_path_of_the_model(api: Client) -> None:
    """GetGroups is POST /Groups."""
    answer = await api.post("/Groups", json={})
    assert (answer.status, [group["GroupName"] for group in (await answer.json())["Groups"]]) == (200, ["Default"])


async def test_a_body_may_be_empty(api: Client) -> None:
    """Some SDKs send none for a request without members."""
    assert (await api.post("/GetSamplingRules")).status == 200


def test_every_operation_of_the_model_is_implemented() -> None:
    """None answers 501."""
    assert {route.operation for route in shapes.routes()} == set(OPERATIONS)


async def test_an_unknown_path_is_not_found(api: Client) -> None:
    """In the form of the API's errors."""
    expected = (404, "UnknownOperationException", "unknown path /GetGroupies")
    assert await refused(api, "/GetGroupies", json={}) == expected


async def test_the_only_method_is_post(api: Client) -> None:
    """405 names it."""
    answer = await api.get("/GetGroup")
    assert (answer.status, (await answer.json())["message"]) == (405, "GET /GetGroup: expected POST")


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (
            "/SamplingTargets",
            {},
            "Value 'null' at 'SamplingStatisticsDocuments' failed to satisfy constraint: Member must not be null",
        ),
        (
            "/CreateGroup",
            {"GroupName": "x" * 33},
            f"Value '{'x' * 33}' at 'GroupName' failed to satisfy constraint: Member must have length {MOST} 32",
        ),
        (
            "/PutEncryptionConfig",
            {"Type": "ROT13"},
            "Value 'ROT13' at 'Type' failed to satisfy constraint: Member must satisfy enum value set: [NONE, KMS]",
        ),
        (
            "/CreateSamplingRule",
            {"SamplingRule": rule(Priority=10_000)},
            f"Value '10000' at 'SamplingRule.Priority' {FAILED}: Member must have value {MOST} 9999",
        ),
    ],
)
async def test_a_request_is_checked_against_the_model(
    api: Client, path: str, body: dict[str, Any], message: str
) -> None:
    """Required members, lengths, ranges and enums, all as InvalidRequestException."""
    expected = f"1 validation error detected: {message}"
    assert await refused(api, path, json=body) == (400, "InvalidRequestException", expected)


async def test_a_member_of_the_wrong_type_is_refused(api: Client) -> None:
    """Before anything else is checked."""
    message = "GroupName: ['a']: expected a string"
    assert await refused(api, "/GetGroup", json={"GroupName": ["a"]}) == (400, "InvalidRequestException", message)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"{", "the body is not valid JSON: "),
        (b"[1]", "the body is a JSON list: expected an object"),
        (b'{"a": NaN}', "the body is not valid JSON: "),
        (b"[" * 100_000, "the body is not valid JSON: "),
        (b'{"a":' * 100_000, "the body is not valid JSON: "),
        (b"\xff", "the body is not valid JSON: "),
    ],
)
async def test_a_body_that_is_not_an_object_is_refused(api: Client, data: bytes, part: str) -> None:
    """Broken, of another type, or nested too deeply."""
    status, code, message = await refused(api, "/Groups", data=data, headers={"Content-Type": "application/json"})
    assert (status, code) == (400, "SerializationException")
    assert message.startswith(part)


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/x-amz-json-1.1", "Application/JSON"]
)
async def test_every_content_type_of_json_is_accepted(api: Client, kind: str) -> None:
    """Clients use different ones."""
    assert (await api.post("/Groups", data=b"{}", headers={"Content-Type": kind})).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/cbor"])
async def test_another_content_type_is_refused(api: Client, kind: str) -> None:
    """Such as that of a form on a web page."""
    expected = (415, "UnsupportedMediaTypeException", f"Content-Type: '{kind}': expected application/json")
    assert await refused(api, "/Groups", data=b"{}", headers={"Content-Type": kind}) == expected


async def test_a_body_may_be_compressed(api: Client) -> None:
    """With gzip, as by the daemon."""
    data = gzip.compress(json.dumps({"TraceSegmentDocuments": [text(1)]}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await api.post("/TraceSegments", data=data, headers=headers)
    assert await answer.json() == {"UnprocessedTraceSegments": []}


async def test_a_body_may_be_compressed_with_zstd(api: Client) -> None:
    """As by collectors that prefer it."""
    data = zstd.compress(json.dumps({"TraceSegmentDocuments": [text(1)]}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "zstd"}
    answer = await api.post("/TraceSegments", data=data, headers=headers)
    assert await answer.json() == {"UnprocessedTraceSegments": []}


async def test_a_body_that_is_not_gzip_is_refused(api: Client) -> None:
    """It is an error of the client."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    status, _, _ = await refused(api, "/Groups", data=b"no gzip at all", headers=headers)
    assert status == 400


@pytest.mark.parametrize("packed", [False, True])
async def test_the_size_of_a_body_is_limited_after_decompression(api: Client, *, packed: bool) -> None:
    """32 MB, plain or in 32 KB of gzip."""
    data = b" " * (32 * 1024 * 1024)
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": "gzip"} if packed else {})
    sent = BytesIO(gzip.compress(data, 1) if packed else data)
    refusal = await refused(api, "/Groups", data=sent, headers=headers)
    assert refusal == (413, "RequestTooLarge", "the body is too large: expected at most 16777216 bytes")


async def test_traces_are_stored_listed_and_returned(api: Client) -> None:
    """PutTraceSegments, GetTraceSummaries, BatchGetTraces."""
    assert (await api.post("/TraceSegments", json={"TraceSegmentDocuments": [text(1)]})).status == 200
    summaries = await (await api.post("/TraceSummaries", json={"StartTime": NOW, "EndTime": NOW})).json()
    assert [item["Id"] for item in summaries["TraceSummaries"]] == [trace_id(1)]
    traces = await (await api.post("/Traces", json={"TraceIds": [trace_id(1)]})).json()
    assert json.loads(traces["Traces"][0]["Segments"][0]["Document"])["name"] == "backend"


async def test_other_sites_have_no_access(api: Client) -> None:
    """There is no CORS header and no preflight."""
    assert "Access-Control-Allow-Origin" not in (await api.post("/Groups", json={})).headers
    assert (await api.options("/Groups")).status == 405


@pytest.mark.parametrize("end", [9223372036854775807, 1e40, -(10**16)])
async def test_a_time_beyond_any_date_is_refused(api: Client, end: float) -> None:
    """It would overflow."""
    message = f"EndTime: {end}: expected epoch seconds as a number"
    expected = (400, "InvalidRequestException", message)
    assert await refused(api, "/TraceSummaries", json={"StartTime": 0, "EndTime": end}) == expected
