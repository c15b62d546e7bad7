"""Nothing that was recorded becomes markup."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.recordings import Server, attributes, put_segments, put_spans, segment, span, trace_id, xray_client
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser

FOREIGN = "script:not([src^='/static/js/']), [onerror], [style]"
HOSTILE = "<script>document.title='owned'</script>\"'><img src=x onerror=alert(1)>"


def hostile_segment(name: str, now: float) -> dict[str, Any]:
    """A segment with a script in every key and value that the format leaves free."""
    stack = [{"path": HOSTILE, "line": 1, "label": HOSTILE}]
    exception = {"id": HOSTILE, "type": HOSTILE, "message": HOSTILE, "stack": stack}
    request = {"method": HOSTILE, "url": f"http://h/{HOSTILE}", "user_agent": HOSTILE, "client_ip": HOSTILE}
    times = {"start_time": now - 1, "end_time": now}
    inner = {"id": "00000000000000b2", "name": "call", "namespace": "remote", "sql": {HOSTILE: HOSTILE}, **times}
    free: dict[str, Any] = {
        "fault": True,
        "http": {"request": request, "response": {"status": 500}},
        "annotations": {HOSTILE: HOSTILE},
        "metadata": {HOSTILE: {HOSTILE: HOSTILE}},
        "user": HOSTILE,
        "aws": {HOSTILE: HOSTILE},
        "cause": {"working_directory": HOSTILE, "exceptions": [exception]},
        "subsegments": [inner],
        HOSTILE: HOSTILE,
    }
    return segment(name, "00000000000000b1", now - 1, 1, **free)


def hostile_span(name: str, now: float) -> dict[str, Any]:
    """A span with a script in its name, state, status, attributes and events."""
    odd = attributes({HOSTILE: HOSTILE, "url.full": HOSTILE, "http.request.method": HOSTILE})
    thrown = {f"exception.{part}": HOSTILE for part in ("type", "message", "stacktrace")}
    more: dict[str, Any] = {
        "name": HOSTILE,
        "traceState": HOSTILE,
        "status": {"code": 2, "message": HOSTILE},
        "attributes": odd,
        "events": [
            {"name": HOSTILE, "timeUnixNano": "1", "attributes": odd},
            {"name": "exception", "timeUnixNano": "1", "attributes": attributes(thrown)},
        ],
    }
    return span(name, "00000000000000a1", now - 1, 1, **more)


def test_nothing_recorded_can_become_markup(tab: Tab, xray_local: Server, now: float) -> None:
    """A script in every key and value of segments and spans is text on the page, and only text."""
    name = trace_id(now, 1)
    put_segments(xray_local.api, hostile_segment(name, now))
    put_spans(xray_local.otlp, hostile_span(name, now), resource={HOSTILE: HOSTILE, "service.name": HOSTILE})
    for path in ("/", f"/traces/{name}"):
        assert tab.open(path) == 200
        assert tab.page.locator(FOREIGN).count() == 0
        assert tab.page.locator("img").count() == 1
        assert tab.page.title() != "owned"
    shown = 0
    for row in ("00000000000000b1", "00000000000000b2", "00000000000000a1"):
        assert tab.open(f"/traces/{name}?row={row}") == 200
        assert tab.page.locator(FOREIGN).count() == 0
        shown += tab.page.get_by_label("Selected row").inner_text().count("<script>")
    assert shown >= 30
    assert tab.complaints == []


def test_nothing_refused_can_become_markup(tab: Tab, xray_local: Server, now: float) -> None:
    """A segment whose name is a script is listed with the name as text."""
    refused = segment(trace_id(now, 1), "00000000000000b1", now - 1, 1) | {"name": HOSTILE}
    xray_client(xray_local.api).put_trace_segments(TraceSegmentDocuments=[json.dumps(refused)])
    assert tab.open("/refused") == 200
    assert tab.page.locator(FOREIGN).count() == 0
    assert "<script>" in tab.page.locator("main").inner_text()


@pytest.mark.parametrize("path", ["/?filter={}", "/?range={}", "/?next={}", "/traces/{}", "/groups?{}={}"])
def test_nothing_in_the_address_can_become_markup(tab: Tab, path: str) -> None:
    """The page repeats it as text."""
    tab.open(path.replace("{}", quote(HOSTILE, safe="")))
    assert tab.page.locator(FOREIGN).count() == 0
    assert tab.page.locator("img").count() == 1
    assert tab.page.title() != "owned"
