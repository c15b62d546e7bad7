"""The list of traces in a real browser: one field, chips, the heat map, groups of traces, live."""

import re
import time

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.recordings import Server, http, put_segments, segment, trace_id, xray_client
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser


def put_two(server: Server, now: float) -> tuple[str, str]:
    """Store a trace that failed and one that did not, a minute apart."""
    failed, good = trace_id(now - 60, 0x0A1B2C3D), trace_id(now, 2)
    exception = {"id": "1", "type": "shop.OrderNotSaved", "message": "full"}
    put_segments(
        server.api,
        segment(
            failed, "00000000000000a1", now - 60, 2, http=http("/orders/8841", 500), fault=True, user="bob",
            cause={"working_directory": "/app", "exceptions": [exception]},
        ),
        segment(good, "00000000000000a2", now - 1, 0.1, http=http("/cart?x=1", 200)),
    )  # fmt: skip
    return failed, good


def test_the_field_takes_ids_and_words(tab: Tab, xray_local: Server, now: float) -> None:
    """An id in any form leads to its trace; words are translated, and the translation is shown."""
    failed, _ = put_two(xray_local, now)
    for typed in (failed, failed[2:].replace("-", ""), f"Root={failed};Sampled=1", failed[-8:]):
        tab.open("/")
        tab.page.get_by_label("Find traces").fill(typed)
        tab.page.get_by_label("Find traces").press("Enter")
        expect(tab.page).to_have_url(f"{xray_local.api}/traces/{failed}")
    tab.open("/")
    tab.page.get_by_label("Find traces").fill("orders 5xx user=bob")
    tab.page.get_by_role("button", name="Show").click()
    expect(tab.page.locator("table.traces tbody tr")).to_have_count(1)
    expect(tab.page.locator(".read")).to_contain_text('user = "bob"')
    assert tab.open(f"/?q={trace_id(now, 99)}") == 200
    expect(tab.page.get_by_role("status")).to_contain_text("is not stored")
    assert tab.complaints == []


def test_the_overview_leads_to_the_traces_that_it_counts(tab: Tab, xray_local: Server, now: float) -> None:
    """By chips, routes and the cells of the heat map; the reason of a failure is in its row."""
    put_two(xray_local, now)
    rows = tab.page.locator("table.traces tbody tr")
    tab.open("/")
    expect(tab.page.locator("h2").first).to_contain_text("2 traces")
    expect(tab.page.locator(".fault-row")).to_contain_text("backend-flask: OrderNotSaved")
    for link in ("failed 1", "/orders/*"):
        tab.open("/")
        tab.page.get_by_role("link", name=link).click()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("/orders/8841")
    tab.open("/")
    tab.page.locator(".heat .bad").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("/orders/8841")
    tab.page.locator(".chip[aria-current]").click()
    expect(rows).to_have_count(2)
    tab.page.get_by_role("link", name="status").click()
    expect(tab.page.locator("table.groups tbody tr")).to_have_count(2)
    tab.page.get_by_label("Order").select_option("-duration")
    tab.page.get_by_role("button", name="Show").click()
    expect(rows.first).to_contain_text("2 s")
    assert tab.complaints == []


def test_the_filter_is_saved_as_a_group(tab: Tab, xray_local: Server, now: float) -> None:
    """By a manifest and a command to copy; nothing is written."""
    put_two(xray_local, now)
    tab.open("/?q=5xx")
    tab.page.get_by_role("link", name="save as group").click()
    tab.page.get_by_label("Name").fill("trouble")
    tab.page.get_by_role("button", name="Show the manifest").click()
    manifest = tab.page.locator("pre.run").first
    expect(manifest).to_contain_text("name: trouble")
    expect(manifest).to_contain_text('filterExpression: "http.status >= 500 AND http.status < 600"')
    expect(tab.page.locator("pre.run").nth(1)).to_contain_text("aws xray create-group --group-name trouble")
    assert [group["GroupName"] for group in xray_client(xray_local.api).get_groups()["Groups"]] == ["Default"]
    assert tab.complaints == []


def test_new_traces_are_offered_and_nothing_jumps(browser: Browser, xray_local: Server, now: float) -> None:
    """Within a second a pill counts those that match; the list changes when it is pressed."""
    put_two(xray_local, now)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{xray_local.api}/?q=fault")
    rows, pill = page.locator("table.traces tbody tr"), page.locator(".pill")
    expect(rows).to_have_count(1)
    put_segments(xray_local.api, segment(trace_id(now, 3), "00000000000000a3", now, 0.1, http=http("/ok", 200)))
    put_segments(
        xray_local.api, segment(trace_id(now, 4), "00000000000000a4", now, 0.1, http=http("/no", 500), fault=True)
    )
    sent = time.monotonic()
    expect(pill).to_have_text("1 new")
    assert time.monotonic() - sent < 10, "the promise is a second, on an idle machine"
    expect(rows).to_have_count(1)
    pill.click()
    expect(rows).to_have_count(2)
    expect(pill).to_have_count(0)
    expect(page.locator("[data-stored]")).to_have_text("4")
    context.close()


def test_a_live_list_without_javascript_is_reloaded(browser: Browser, xray_local: Server, now: float) -> None:
    """By the page itself, every few seconds."""
    put_two(xray_local, now)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{xray_local.api}/")
    page.get_by_role("link", name="live").click()
    expect(page).to_have_url(re.compile("live=5"))
    page.goto(f"{xray_local.api}/?live=1")
    put_segments(xray_local.api, segment(trace_id(now, 3), "00000000000000a3", now, 0.1, http=http("/ok", 200)))
    expect(page.locator("table.traces tbody tr")).to_have_count(3, timeout=15_000)
    context.close()


@pytest.mark.parametrize("tab", [True], indirect=True, ids=["javascript"])
def test_a_trace_is_found_by_keyboard_alone(tab: Tab, xray_local: Server, now: float) -> None:
    """From the field by a chip and the rows to a trace, to the one after it, and back to its row."""
    for number in range(4):
        more = {"http": http(f"/orders/{number}", 500), "fault": True, "user": "bob"}
        put_segments(xray_local.api, segment(trace_id(now, number), f"{number:016x}", now - number, 0.1, **more))
    page, press, focused = tab.page, tab.page.keyboard.press, tab.page.locator(":focus")
    tab.open("/")
    press("/")
    page.keyboard.type("user=bob")
    press("Enter")
    expect(page.locator(".read")).to_contain_text('user = "bob"')
    page.get_by_label("Order").focus()
    for _ in range(2):
        press("Tab")
    for _ in range(9):
        if focused.inner_text().startswith("failed"):
            break
        press("Tab")
    press("Enter")
    expect(page.locator(".chip[aria-current]")).to_contain_text("failed 4")
    page.wait_for_load_state()  # a key that is pressed before the script is there has no effect
    for key in ("j", "j", "ArrowDown", "k"):
        press(key)
    expect(focused).to_contain_text("/orders/1")
    press("Enter")
    expect(page.get_by_label("Traces of the list")).to_contain_text("2 of 4")
    page.wait_for_load_state()
    press("]")
    expect(page.get_by_label("Traces of the list")).to_contain_text("3 of 4")
    page.wait_for_load_state()
    press("?")
    expect(page.get_by_role("dialog")).to_contain_text("back to its row in the list")
    press("u")
    press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    press("u")
    expect(focused).to_contain_text("/orders/2")
    expect(page.locator(".chip[aria-current]")).to_contain_text("failed 4")
    page.go_back()
    page.go_back()
    page.go_back()
    expect(focused).to_contain_text("/orders/1")
    assert tab.complaints == []


@pytest.mark.parametrize("tab", [True], indirect=True, ids=["javascript"])
def test_the_field_completes_words(tab: Tab, xray_local: Server, now: float) -> None:
    """By keys: arrows choose, Enter takes, and then searches; Escape closes the words and leaves what was typed."""
    put_two(xray_local, now)
    field, words = tab.page.get_by_role("combobox", name="Find traces"), tab.page.locator("#words li")
    press = tab.page.keyboard.press
    tab.open("/")
    press("/")
    tab.page.keyboard.type("bo")
    expect(words).to_have_text(["user=bobuser"])
    expect(field).to_have_attribute("aria-expanded", "true")
    press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", words.get_attribute("id") or "")
    press("Enter")
    expect(field).to_have_value("user=bob ")
    expect(words).to_have_count(0)
    tab.page.keyboard.type("fa")
    expect(words.first).to_contain_text("failed")
    press("Escape")
    expect(words.first).not_to_be_visible()
    press("Enter")
    expect(tab.page).to_have_url(re.compile("q=user%3Dbob\\+fa"))
    assert tab.complaints == []


@pytest.mark.parametrize("tab", [True], indirect=True, ids=["javascript"])
def test_names_are_completed_within_an_expression(tab: Tab, xray_local: Server, now: float) -> None:
    """After a quotation mark only names; a click takes one."""
    put_two(xray_local, now)
    field, words = tab.page.get_by_role("combobox", name="Find traces"), tab.page.locator("#words li")
    tab.open("/")
    field.press_sequentially("!serv")
    words.filter(has_text='service("').click()
    field.press_sequentially("fla")
    expect(words).to_have_text(['"backend-flask"service'])
    words.click()
    expect(field).to_have_value('!service("backend-flask"')
    field.press_sequentially(") AND respo")
    expect(words.first).to_contain_text("responsetime")
    assert tab.complaints == []
