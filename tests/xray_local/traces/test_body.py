from typing import Any

import pytest

from xray_local.traces.body import Body, Http, RecordedException, epoch_seconds
from xray_local.traces.flags import Flag


def test_http_is_read_from_request_and_response() -> None:
    """Every member by its own name."""
    request = {"method": "GET", "url": "/a", "user_agent": "curl", "client_ip": "::1"}
    body = Body({"http": {"request": request, "response": {"status": 201}}})
    assert body.http == Http(method="GET", url="/a", user_agent="curl", client_ip="::1", status=201)


@pytest.mark.parametrize("http", [None, "x", {"request": 1, "response": [2]}, {"request": {"url": 5}}])
@pytest.mark.parametrize("status", ["200", True, -1, 2**31, None])
def test_a_member_of_the_wrong_type_is_absent(http: Any, status: Any) -> None:
    """In `http` and in the status of the response."""
    assert Body({"http": http}).http == Http()
    assert Body({"http": {"response": {"status": status}}}).http == Http()


def test_flags_are_set_by_true_only() -> None:
    """Other values that are true in Python are not flags."""
    assert Body({"error": True, "fault": True, "throttle": 1}).flags == (Flag.FAULT, Flag.ERROR)


def test_annotations_are_strings_numbers_and_booleans() -> None:
    """X-Ray indexes no other type."""
    body = Body({"annotations": {"a": "x", "b": True, "c": 1.5, "d": [1], "e": None}})
    assert body.annotations == {"a": "x", "b": True, "c": 1.5}


def test_exceptions_are_those_of_the_cause() -> None:
    """A cause that refers to another segment has none."""
    cause = {"exceptions": [{"type": "E", "message": "m"}, {"type": 5}, "text"]}
    assert Body({"cause": cause}).exceptions == (RecordedException("E", "m"), RecordedException("", ""))
    assert Body({"cause": "ab12"}).exceptions == ()


@pytest.mark.parametrize(("metadata", "wire"), [({"otel": {}}, "otlp"), ({"otel": "x"}, "segments"), (1, "segments")])
def test_a_span_has_an_object_under_metadata_otel(metadata: object, wire: str) -> None:
    """Everything else came as a segment document."""
    assert Body({"metadata": metadata}).wire == wire


def test_attributes_that_are_annotations_are_not_its_own() -> None:
    """Only what was chosen as an annotation is."""
    otel = {"attributes": {"http.route": "/", "tags": ["a"]}}
    body = Body({"annotations": {"http.route": "/", "handle": "ann", "list": [1]}, "metadata": {"otel": otel}})
    assert body.own_annotations == {"handle": "ann"}


@pytest.mark.parametrize("value", ["noon", None, True, float("nan"), float("inf"), -1, 10**400, 1e308])
def test_a_value_that_is_not_a_time_is_absent(value: object) -> None:
    """Neither text nor a number beyond the calendar."""
    assert epoch_seconds(value) is None
