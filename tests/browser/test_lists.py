"""The lists in a real browser, with JavaScript off as well as on: traces, groups, rules."""

import pytest
from playwright.sync_api import expect

from tests.browser.recordings import Server, http, put_segments, segment, trace_id, xray_client
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


def test_an_empty_store_shows_the_next_command(tab: Tab) -> None:
    """And how to send a trace."""
    assert tab.open("/") == 200
    expect(tab.page.get_by_role("heading", name="Nothing recorded yet")).to_be_visible()
    assert tab.page.locator("pre.run").first.inner_text() == "make demo"
    assert "/TraceSegments" in tab.page.locator("pre.run").nth(1).inner_text()
    assert tab.complaints == []


def test_the_newest_traces_are_listed_first(tab: Tab, xray_local: Server, now: float) -> None:
    """Each row has request, status, result and services, and links to its trace; the newest is first."""
    old, new = trace_id(now - 60, 1), trace_id(now, 2)
    put_segments(xray_local.api, segment(old, "0000000000000001", now - 60, 0.25, http=http("/api/old", 200)))
    put_segments(xray_local.api, segment(new, "0000000000000002", now - 1, 0.5, http=http("/api/new", 500), fault=True))
    tab.open("/")
    rows = tab.page.locator("table.traces tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("GET /api/new")
    expect(rows.nth(0)).to_contain_text("500")
    expect(rows.nth(0)).to_contain_text("500 ms")
    expect(rows.nth(1)).to_contain_text("200")
    expect(rows.nth(1)).to_contain_text("backend-flask")
    rows.nth(0).get_by_role("link").click()
    expect(tab.page).to_have_url(f"{xray_local.api}/traces/{new}")
    assert tab.complaints == []


def test_a_filter_narrows_the_list(tab: Tab, xray_local: Server, now: float) -> None:
    """After Enter the list has the traces that match, and the box keeps the expression."""
    put_segments(xray_local.api, segment(trace_id(now, 1), "0000000000000001", now - 2, 1, http=http("/ok", 200)))
    put_segments(
        xray_local.api, segment(trace_id(now, 2), "0000000000000002", now - 2, 1, http=http("/no", 500), fault=True)
    )
    tab.open("/")
    tab.page.get_by_label("Find traces").fill("fault AND http.status = 500")
    tab.page.get_by_label("Find traces").press("Enter")
    expect(tab.page.locator("table.traces tbody tr")).to_have_count(1)
    expect(tab.page.locator("table.traces")).to_contain_text("/no")
    expect(tab.page.get_by_label("Find traces")).to_have_value("fault AND http.status = 500")
    tab.page.locator(".chip[aria-current]").click()
    expect(tab.page.get_by_label("Find traces")).to_have_value("http.status = 500")
    assert tab.complaints == []


def test_a_filter_without_matches_is_explained(tab: Tab, xray_local: Server, now: float) -> None:
    """The page differs from that of an empty store."""
    put_segments(xray_local.api, segment(trace_id(now, 1), "0000000000000001", now - 2, 1))
    tab.open("/?filter=fault")
    expect(tab.page.get_by_role("heading", name="No trace matches")).to_be_visible()
    assert tab.complaints == []


def test_a_filter_that_is_not_valid_shows_the_column(tab: Tab) -> None:
    """In the message, and by a caret under the expression."""
    assert tab.open("/?filter=http.url+CONTAINS+5") == 400
    alert = tab.page.get_by_role("alert")
    expect(alert).to_contain_text("column 19")
    text, caret = alert.locator("pre").inner_text().split("\n")
    assert (text, caret) == ("http.url CONTAINS 5", " " * 18 + "^")


def test_groups_lead_to_their_traces(tab: Tab, xray_local: Server, now: float) -> None:
    """A group shows its expression and number of matches, which links to the filtered list."""
    xray_client(xray_local.api).create_group(GroupName="broken", FilterExpression="fault = true")
    put_segments(xray_local.api, segment(trace_id(now, 1), "0000000000000001", now - 2, 1))
    put_segments(xray_local.api, segment(trace_id(now, 2), "0000000000000002", now - 2, 1, fault=True))
    tab.open("/groups")
    row = tab.page.get_by_role("row").filter(has_text="broken")
    expect(row).to_contain_text("fault = true")
    row.get_by_role("link").click()
    expect(tab.page.get_by_label("Find traces")).to_have_value("fault = true")
    expect(tab.page.locator("table.traces tbody tr")).to_have_count(1)
    assert tab.complaints == []


def test_rules_show_their_order_and_their_counts(tab: Tab, xray_local: Server, now: float) -> None:
    """By priority; 10 of 40 requests are 25 %."""
    client = xray_client(xray_local.api)
    rule = {
        "RuleName": "mine",
        "Priority": 10,
        "FixedRate": 0.2,
        "ReservoirSize": 3,
        "ServiceName": "backend-flask",
        "ServiceType": "*",
    }
    client.create_sampling_rule(
        SamplingRule=rule | {"Host": "*", "HTTPMethod": "GET", "URLPath": "/api/*", "ResourceARN": "*", "Version": 1}
    )
    report = {
        "RuleName": "mine",
        "ClientID": "0" * 24,
        "Timestamp": now,
        "RequestCount": 40,
        "SampledCount": 10,
        "BorrowCount": 2,
    }
    client.get_sampling_targets(SamplingStatisticsDocuments=[report])
    tab.open("/rules")
    rows = tab.page.locator("table.rules tbody tr")
    assert [" ".join(text.split()) for text in rows.nth(0).locator("td, th").all_inner_texts()] == [
        "10",
        "mine",
        "GET /api/* service backend-flask",
        "3/s",
        "20 %",
        "40",
        "10",
        "2",
        "25 %",
    ]
    expect(rows.nth(1)).to_contain_text("Default")
    expect(rows.nth(1)).to_contain_text("no requests yet")
    assert tab.complaints == []


@pytest.mark.parametrize("path", ["/", "/groups", "/rules", "/traces/none"])
def test_every_control_can_be_reached_by_keyboard(tab: Tab, path: str) -> None:
    """The first Tab skips the header; the focus is outlined."""
    tab.open(path)
    tab.page.keyboard.press("Tab")
    skip = tab.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    expect(skip).to_have_css("outline-style", "solid")
