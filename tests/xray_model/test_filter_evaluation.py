"""Evaluation of filter expressions: each keyword and operator, inside and outside braces."""

import json
from typing import Any

import pytest

from xray_model.filter_expression import TraceFacts, matches, parse

BACKEND: dict[str, Any] = {
    "Name": "backend-flask",
    "Names": ["backend-flask", "api"],
    "Type": "AWS::EKS::Container",
    "AccountId": "1",
    "ok": False,
    "error": False,
    "fault": True,
    "throttle": False,
    "partial": False,
    "inferred": False,
    "root": True,
    "remote": False,
    "first": True,
    "last": False,
    "responsetime": 1.5,
    "duration": 1.5,
    "coverage": 1.0,
    "http": {"url": "http://h/api", "method": "GET", "status": 500},
    "user": "andrew",
    "name": "backend-flask",
    "type": "AWS::EKS::Container",
    "message": ["no such handle", "boom"],
    "annotations": {"handle": ["andrew", "bayko"], "count": [3]},
}
DATABASE: dict[str, Any] = {
    "Name": "db",
    "Names": ["db"],
    "Type": "remote",
    "ok": True,
    "error": False,
    "fault": False,
    "inferred": True,
    "last": True,
    "responsetime": 0.2,
    "annotations": {},
}
SUMMARY: dict[str, Any] = {
    "Id": "1-65a0b1c2-0123456789abcdef01234567",
    "Duration": 2.0,
    "ResponseTime": 1.5,
    "HasFault": True,
    "HasError": False,
    "HasThrottle": False,
    "IsPartial": False,
    "Http": {
        "HttpURL": "http://h/api",
        "HttpStatus": 500,
        "HttpMethod": "GET",
        "UserAgent": "curl/8",
        "ClientIp": "10.0.0.1",
    },
    "Annotations": {
        "handle": [{"AnnotationValue": {"StringValue": "andrew"}}, {"AnnotationValue": {"StringValue": "bayko"}}],
        "count": [{"AnnotationValue": {"NumberValue": 3.0}}],
        "cached": [{"AnnotationValue": {"BooleanValue": False}}],
        "outer": [{"AnnotationValue": {"BooleanValue": True}}],
    },
    "Users": [{"UserName": "andrew", "ServiceIds": []}],
    "ServiceIds": [{"Name": "backend-flask", "Type": "AWS::EKS::Container"}, {"Name": "db"}],
    "ResourceARNs": [{"ARN": "arn:aws:x"}],
    "InstanceIds": [{"Id": "i-1"}],
    "AvailabilityZones": [{"Name": "us-east-1a"}],
    "FaultRootCauses": [
        {
            "Services": [
                {
                    "Name": "backend-flask",
                    "Type": "AWS::EKS::Container",
                    "EntityPath": [
                        {"Name": "backend-flask", "Remote": False},
                        {
                            "Name": "query",
                            "Remote": True,
                            "Exceptions": [{"Name": "OperationalError", "Message": "no connection"}],
                        },
                    ],
                },
                {
                    "Name": "db",
                    "Type": "AWS::DynamoDB",
                    "EntityPath": [{"Name": "db", "Remote": True}],
                    "Inferred": True,
                },
            ],
            "ClientImpacting": True,
        }
    ],
    "ResponseTimeRootCauses": [
        {
            "Services": [
                {
                    "Name": "backend-flask",
                    "EntityPath": [{"Name": "backend-flask", "Coverage": 1.0}, {"Name": "query", "Coverage": 0.7}],
                }
            ],
            "ClientImpacting": True,
        }
    ],
}
EDGE = {"source": BACKEND, "target": DATABASE, "ok": True, "fault": False, "responsetime": 0.2}
TRACE = TraceFacts(
    SUMMARY,
    services=[BACKEND, DATABASE],
    edges=[EDGE],
    groups=[{"GroupName": "x-ray-backend", "GroupARN": "arn:group"}],
)

PATH = {
    "Services": [
        {"Name": "backend-flask", "EntityPath": [{"Name": "backend-flask"}, {"Name": "query"}]},
        {"Name": "db", "EntityPath": [{"Name": "db"}]},
    ]
}

HOLDS = [
    "fault",
    "!error",
    "ok = false",
    "fault = true AND throttle != true",
    "!partial",
    "inferred",
    "root first last",
    "responsetime = 1.5",
    "responsetime != 2",
    "duration >= 2",
    "duration > 1.9 AND duration <= 2 AND responsetime < 2",
    "http.status = 500",
    "coverage = 1",
    'http.url = "http://h/api"',
    'http.url CONTAINS "api"',
    'http.url BEGINSWITH "http:"',
    'http.url ENDSWITH "/api"',
    'http.url CONTAINS ""',
    'http.method != "POST"',
    'http.useragent = "curl/8"',
    'http.clientip = "10.0.0.1"',
    'user = "andrew"',
    'name = "db"',
    'type = "AWS::EKS::Container"',
    'message CONTAINS "no connection"',
    'availabilityzone = "us-east-1a"',
    'instance.id = "i-1"',
    'resource.arn BEGINSWITH "arn:"',
    "annotation.outer",
    "annotation.handle",
    'annotation.handle = "bayko"',
    "annotation.count >= 3",
    'annotation.handle != "nobody"',
    "annotation.cached = false",
    'annotation.handle CONTAINS ""',
    "service()",
    'service("api") {fault}',
    'service("backend-flask") {fault OR error}',
    'service("backend-flask") {http.status = 500 AND responsetime > 1}',
    'service("backend-flask") {user = "andrew" message = "boom"}',
    "http.url AND responseTime > 1",
    "http.status user duration",
    'service("backend-flask") {http.url AND user}',
    'service(id(type: "remote")) {inferred}',
    'service(id(name: "backend-flask", account.id: "1"))',
    'edge("backend-flask", "db")',
    'edge("api", id(name: "db", type: "remote")) {ok AND responsetime < 1}',
    'group.name = "x-ray-backend"',
    'group.arn = "arn:group"',
    'group.name != "other"',
    "group.name group.arn",
    "rootcause.fault.service",
    'rootcause.fault.service {fault AND name = "backend-flask"}',
    'rootcause.fault.entity {name = "query" AND remote}',
    'rootcause.fault.exception {name = "OperationalError" AND message CONTAINS "connection"}',
    "rootcause.responsetime.entity {last and coverage > 0.5}",
    'rootcause.responsetime.entity {first AND name = "backend-flask"}',
    'rootcause.responsetime.entity {index = 1 AND name = "query"}',
    'rootcause.fault.service {last and inferred and type = "AWS::DynamoDB"}',
    "rootcause.fault.service {index >= 1}",
    'rootcause.fault.exception {first last message = "no connection"}',
    f"rootcause.json = #{json.dumps([PATH])}",
    f"rootcause.json = #{json.dumps([{'Services': []}, PATH])}",
    'rootcause.json = #[{"Services": [{"Name": "backend-flask"}, {"Name": "db"}]}]',
    'rootcause.json = #[{"Services": [{}, {"Inferred": true}], "ClientImpacting": true}]',
    'rootcause.json = #[{"Services": [{"EntityPath": [{}, {"Coverage": 0.7}]}]}]',
    'json = #{"ClientImpacting": true}',
    "error OR fault",
]
DOES_NOT_HOLD = [
    "ok",
    "error",
    "throttle",
    "partial",
    "responsetime != 1.5",
    "duration < 2",
    "http.status > 500",
    'http.method != "GET"',
    'http.url CONTAINS "nothing"',
    'name = "nobody"',
    'message = "boom!"',
    "annotation.cached",
    "annotation.missing",
    'annotation.missing != "x"',
    'annotation.count = "3"',
    "annotation.handle = 3",
    'annotation.handle != "bayko"',
    'service("nobody")',
    'service("db") {fault}',
    'service("db") {http.status = 200}',
    'service("db") {http.url}',
    "group.name !group.arn",
    'rootcause.responsetime.entity {last and name = "backend-flask"}',
    "rootcause.responsetime.entity {index = 2}",
    'rootcause.fault.service {first AND name = "db"}',
    'service("db") {http.url CONTAINS ""}',
    'service(id(name: "backend-flask", account.id: "2"))',
    'edge("db", "backend-flask")',
    'edge("backend-flask", "db") {fault}',
    'group.name = "other"',
    'group.name != "x-ray-backend"',
    "rootcause.error.service",
    'rootcause.fault.entity {name = "other"}',
    'rootcause.responsetime.exception {name = "OperationalError"}',
    'rootcause.json = #[{"Services": [{"Name": "backend-flask", "EntityPath": [{}]}]}]',
    'rootcause.json = #[{"Services": [{"Name": "db"}, {"Name": "backend-flask"}]}]',
    'rootcause.json = #[{"Services": [{"Name": "backend-flask"}, {"Name": "db"}, {}]}]',
    'rootcause.json = #[{"ClientImpacting": 1}]',
    'rootcause.json = #[{"Services": {}}]',
    "rootcause.json = #[1]",
    "error AND fault",
]


@pytest.mark.parametrize("text", HOLDS)
def test_the_trace_matches(text: str) -> None:
    """The expression is true for the trace, and its negation is false."""
    assert matches(parse(text), TRACE)
    assert not matches(parse(f"!({text})"), TRACE)


@pytest.mark.parametrize("text", DOES_NOT_HOLD)
def test_the_trace_does_not_match(text: str) -> None:
    """The expression is false for the trace, and its negation is true."""
    assert not matches(parse(text), TRACE)
    assert matches(parse(f"!({text})"), TRACE)


@pytest.mark.parametrize("text", [text for text in HOLDS + DOES_NOT_HOLD if "rootcause.json" not in text])
def test_an_empty_summary_never_fails(text: str) -> None:
    """A missing field is not an error for any construct."""
    assert matches(parse(text), TraceFacts({})) in {True, False}


def test_evaluating_another_type_is_a_type_error() -> None:
    """A string is not an expression."""
    with pytest.raises(TypeError, match="str is not an expression"):
        matches("ok", TRACE)  # type: ignore[arg-type]  # the wrong type is the point
