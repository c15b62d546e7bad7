"""One trace in a real browser, with JavaScript off as well as on."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.recordings import Server, http, put_segments, segment, trace_id, two_wires
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


def test_a_trace_is_one_waterfall_of_both_wires(tab: Tab, xray_local: Server, now: float) -> None:
    """Spans and segments are nested in one list with their kinds; the bars follow the recorded times."""
    name = two_wires(xray_local, now)
    tab.open(f"/traces/{name}")
    rows = tab.page.locator(".waterfall > li")
    expect(rows).to_have_count(4)
    seen = [" ".join(text.split()) for text in rows.locator("summary .name").all_inner_texts()]
    assert [text.rsplit(" ", 2)[-2:] for text in seen] == [
        ["server", "span"],
        ["backend-flask", "segment"],
        ["user_notifications", "subsegment"],
        ["internal", "span"],
    ]
    assert [row.get_attribute("class") for row in rows.all()] == ["otel", "xray", "xray", "otel"]
    expect(tab.page.get_by_label("How the rows arrived")).to_contain_text("two wires, one trace id")
    bars = [bar.bounding_box() for bar in rows.locator("rect.bar").all()]
    assert all(bars)
    left = [bar["x"] for bar in bars if bar]
    assert left == sorted(left)
    assert left[0] < left[1] < left[2] < left[3]
    expect(tab.page.locator(".ids code")).to_have_text([name, name[2:].replace("-", "")])
    assert tab.complaints == []


def test_an_entry_of_both_wires_is_one_row(tab: Tab, xray_local: Server, now: float) -> None:
    """Its mark says so to a screen reader, its details in words."""
    name = two_wires(xray_local, now)
    put_segments(xray_local.api, segment(name, "00000000000000a1", now - 1, 1, http=http("/api/home", 500), fault=True))
    tab.open(f"/traces/{name}")
    row = tab.page.locator(".waterfall > li").first
    expect(tab.page.locator(".waterfall > li")).to_have_count(4)
    expect(row.get_by_role("img", name="X-Ray and OpenTelemetry")).to_be_visible()
    expect(tab.page.get_by_label("How the rows arrived").get_by_role("listitem")).to_have_text(
        [
            "X-Ray and OpenTelemetry 1 segment",
            "X-Ray only 1 segment, 1 subsegment",
            "OpenTelemetry only 1 span",
            "two wires, one trace id",
        ]
    )
    row.locator("summary").click()
    expect(row.locator(".origin").get_by_text("X-Ray and OpenTelemetry")).to_be_visible()
    assert tab.complaints == []


def test_a_row_opens_without_javascript(tab: Tab, xray_local: Server, now: float) -> None:
    """Annotations, metadata, the exception with its stack and a span's events are in the opened row."""
    tab.open(f"/traces/{two_wires(xray_local, now)}")
    failing, load = tab.page.locator(".waterfall > li").nth(2), tab.page.locator(".waterfall > li").nth(3)
    expect(failing.get_by_text("andrewbrown")).not_to_be_visible()
    failing.locator("summary").click()
    for text in ("andrewbrown", "Metadata · namespace", "KeyError", "no such user", "app.py:7 in home"):
        expect(failing.get_by_text(text, exact=text != "Metadata · namespace").first).to_be_visible()
    load.locator("summary").focus()
    tab.page.keyboard.press("Enter")
    expect(load.get_by_text("Event · cache.miss")).to_be_visible()
    expect(load.get_by_text("home:3")).to_be_visible()
    assert tab.complaints == []


def test_a_part_of_a_trace_has_a_page(tab: Tab, xray_local: Server, now: float) -> None:
    """A row with children leads to its own waterfall, and back."""
    tab.open(f"/traces/{two_wires(xray_local, now)}")
    tab.page.locator(".waterfall > li").nth(2).locator("summary").click()
    tab.page.get_by_role("link", name="Only this part").click()
    expect(tab.page.locator(".waterfall > li")).to_have_count(2)
    tab.page.get_by_role("link", name="Show the whole trace").click()
    expect(tab.page.locator(".waterfall > li")).to_have_count(4)
    assert tab.complaints == []


def test_a_long_trace_is_paged(tab: Tab, xray_local: Server, now: float) -> None:
    """200 of 500 rows are shown, with a link to the next ones."""
    name = trace_id(now, 1)
    children = [segment(name, f"{n:016x}", now - 1, 0.5, parent_id=f"{1:016x}") for n in range(2, 501)]
    documents = [segment(name, f"{1:016x}", now - 2, 2), *children]
    for start in range(0, 500, 50):
        put_segments(xray_local.api, *documents[start : start + 50])
    tab.open(f"/traces/{name}")
    expect(tab.page.locator(".waterfall > li")).to_have_count(200)
    tab.page.get_by_role("link", name="Next rows").click()
    expect(tab.page.locator("#row-201")).to_be_visible()
    expect(tab.page.get_by_text("rows 201 to 400 of 500")).to_be_visible()
    assert tab.complaints == []


def test_the_same_address_answers_json(tab: Tab, xray_local: Server, now: float) -> None:
    """The link at the foot of the page leads to it."""
    name = two_wires(xray_local, now)
    tab.open(f"/traces/{name}")
    tab.page.get_by_role("link", name="This page as JSON").click()
    answer = json.loads(tab.page.locator("body").inner_text())
    assert (answer["trace_id"], answer["total"]) == (name, 4)
    assert [row["wires"] for row in answer["rows"]] == [["otlp"], ["segments"], ["segments"], ["otlp"]]


def test_an_annotation_leads_to_its_traces(tab: Tab, xray_local: Server, now: float) -> None:
    """A click on a value lists the traces with that value."""
    tab.open(f"/traces/{two_wires(xray_local, now)}")
    put_segments(xray_local.api, segment(trace_id(now, 9), "0000000000000009", now - 2, 1))
    tab.page.locator(".waterfall > li").nth(2).locator("summary").click()
    tab.page.get_by_role("link", name="andrewbrown").click()
    expect(tab.page.locator("table.traces tbody tr")).to_have_count(1)
    assert tab.complaints == []
