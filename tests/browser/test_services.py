"""The services, the groups and the start page in a real browser, with JavaScript off as well as on."""

from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import expect

from tests.browser.recordings import Server, http, put_segments, segment, trace_id, xray_client
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser

CALL = {"id": "00000000000000f1", "name": "payments", "namespace": "remote"}


@pytest.fixture
def shop(xray_local: Server, now: float) -> None:
    """Two requests to the backend, which calls payments; one of them failed."""
    for number, status in enumerate((200, 500), 1):
        call = CALL | {"start_time": now - 2, "end_time": now - 1.5, "fault": status == 500}
        more = {"http": http("/checkout", status), "fault": status == 500, "subsegments": [call]}
        put_segments(xray_local.api, segment(trace_id(now, number), f"{number:016x}", now - 2, 1, **more))


@pytest.mark.usefixtures("shop")
def test_a_service_of_the_map_leads_to_its_traces(tab: Tab) -> None:
    """By its name in the drawing, and of its failures where these are shown."""
    assert tab.open("/services") == 200
    tab.page.get_by_role("link", name="backend-flask: 2 calls, 1 failed, p95 1 s", exact=True).click()
    expect(tab.page.locator("tr", has_text="/checkout").first).to_be_visible()
    assert 'q=service("backend-flask")' in unquoted(tab)
    tab.open("/services?show=failures")
    tab.page.locator(".map .node", has_text="payments").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page).to_have_title("Traces · xray-local")
    assert 'q=service("payments") {!ok}' in unquoted(tab)
    assert tab.complaints == []


@pytest.mark.usefixtures("shop")
def test_a_call_of_the_map_leads_to_its_traces(tab: Tab) -> None:
    """The line is drawn wider for the pointer than for the eye."""
    tab.open("/services")
    line = tab.page.locator(".map .wire", has=tab.page.locator("title", has_text="backend-flask → payments"))
    box = line.locator(".edge").bounding_box()
    assert box is not None
    tab.page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2 + 5)
    expect(tab.page).to_have_title("Traces · xray-local")
    assert 'q=edge("backend-flask", "payments")' in unquoted(tab)


@pytest.mark.usefixtures("shop")
def test_the_table_says_the_same_as_the_map(tab: Tab) -> None:
    """And leads to the page of each service, which leads to a trace that failed."""
    tab.open("/services")
    row = tab.page.get_by_role("region", name="Services", exact=True).get_by_role("row", name="backend-flask").first
    expect(row).to_contain_text("1 · 50 %")
    row.get_by_role("link", name="backend-flask", exact=True).click()
    expect(tab.page.get_by_role("heading", name="backend-flask")).to_be_visible()
    expect(tab.page.get_by_role("region", name="Routes")).to_contain_text("GET /checkout")
    tab.page.get_by_role("region", name="Requests that failed last").get_by_role("link").first.click()
    expect(tab.page.locator("h1")).to_contain_text("/checkout")
    assert tab.complaints == []


@pytest.mark.usefixtures("shop")
def test_a_group_has_its_last_hour_and_its_manifest(tab: Tab, xray_local: Server) -> None:
    """The drawing is described; the manifest is plain text."""
    xray_client(xray_local.api).create_group(GroupName="broken", FilterExpression="fault = true")
    tab.open("/groups")
    row = tab.page.get_by_role("row", name="broken")
    expect(row.get_by_role("img")).to_have_accessible_name("1 trace in the last hour, 1 failed, at most 1 a minute")
    expect(row).to_contain_text("100 %")
    assert tab.complaints == []
    row.get_by_role("link", name="YAML of broken").click()
    expect(tab.page.locator("body")).to_contain_text("kind: XRayGroup")


def test_the_example_is_one_click_away_and_cleared_after_a_question(tab: Tab) -> None:
    """The buttons pass the guard that refuses those of other sites."""
    tab.open("/start")
    expect(tab.page.get_by_role("status")).to_contain_text("Nothing has arrived")
    tab.page.get_by_role("button", name="Store an example trace").click()
    expect(tab.page.locator("h1")).to_contain_text("/checkout")
    tab.open("/start")
    expect(tab.page.get_by_role("status")).to_have_text("1 trace stored.")
    tab.page.get_by_role("link", name="Clear all").click()
    tab.page.get_by_role("link", name="Cancel").click()
    tab.page.get_by_role("link", name="Clear all").click()
    tab.page.get_by_role("button", name="Delete 1 trace").click()
    expect(tab.page.get_by_role("status")).to_contain_text("Nothing has arrived")
    assert tab.complaints == []


def test_the_ways_to_send_are_tabs_without_a_script(tab: Tab) -> None:
    """Each is an address, with the addresses of this process."""
    tab.open("/start")
    tabs = tab.page.get_by_role("navigation", name="How to send")
    tabs.get_by_role("link", name="OpenTelemetry").click()
    expect(tab.page.locator("pre.run")).to_contain_text("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:")
    tabs.get_by_role("link", name="X-Ray SDK").click()
    expect(tab.page.locator("pre.run")).to_contain_text("AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:")
    assert tab.complaints == []


def unquoted(tab: Tab) -> str:
    """Return the address of a tab as its reader thinks of it."""
    return unquote_plus(tab.page.url)
