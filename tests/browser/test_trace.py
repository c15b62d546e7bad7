"""One trace in a real browser, with JavaScript off as well as on, and by keyboard alone."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.recordings import Server, http, put_segments, segment, trace_id, two_wires
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser
with_javascript = pytest.mark.parametrize("tab", [True], indirect=True, ids=["javascript"])


def rows(page: Page) -> Any:
    return page.get_by_role("treeitem")


def failing(server: Server, now: float, number: int = 7) -> str:
    """Store a segment that calls a table, and payments, which failed; return the trace's id."""
    name = trace_id(now, number)
    table = {"id": "00000000000000c1", "name": "DynamoDB", "namespace": "aws", "start_time": now - 1.9}
    table |= {"end_time": now - 1.8, "aws": {"operation": "PutItem", "table_name": "orders"}}
    call: dict[str, Any] = {"id": "00000000000000c2", "name": "payments.internal", "namespace": "remote", "fault": True}
    call |= {"start_time": now - 1.7, "end_time": now - 0.5, "http": http("/charge", 502)}
    thrown = {"cause": {"exceptions": [{"type": "Timeout", "message": "timed out"}]}}
    score = {"id": "00000000000000c4", "name": "score", "start_time": now - 1.2, "end_time": now - 0.7, "fault": True}
    answer = {"name": "payments", "parent_id": call["id"], "fault": True, "subsegments": [score | thrown]}
    put_segments(
        server.api,
        segment(
            name, "00000000000000c0", now - 2, 2, http=http("/checkout", 502), fault=True, subsegments=[table, call]
        ),
        segment(name, "00000000000000c3", now - 1.5, 0.9) | answer,
    )
    return name


def test_a_trace_is_one_tree_of_both_wires(tab: Tab, xray_local: Server, now: float) -> None:
    """Spans and segments are nested in one list; the bars follow the recorded times, the shape is the recorder."""
    name = two_wires(xray_local, now)
    tab.open(f"/traces/{name}")
    expect(rows(tab.page)).to_have_count(4)
    assert [row.get_attribute("aria-level") for row in rows(tab.page).all()] == ["1", "2", "3", "4"]
    marks = tab.page.locator(".rows .sw").all()
    assert ["round" in (mark.get_attribute("class") or "") for mark in marks] == [True, False, False, True]
    bars = [bar.bounding_box() for bar in tab.page.locator(".lane rect:first-child").all()]
    left = [bar["x"] for bar in bars if bar]
    assert left[0] < left[1] < left[2] < left[3]
    expect(tab.page.locator(".facts").get_by_text(name)).to_be_visible()
    assert tab.complaints == []


def test_an_entry_of_both_wires_is_one_row(tab: Tab, xray_local: Server, now: float) -> None:
    """Its mark is half of each, its pane says so in words."""
    name = two_wires(xray_local, now)
    put_segments(xray_local.api, segment(name, "00000000000000a1", now - 1, 1, http=http("/api/home", 500), fault=True))
    tab.open(f"/traces/{name}")
    expect(rows(tab.page)).to_have_count(4)
    expect(rows(tab.page).first.locator(".sw")).to_have_class(re.compile("both"))
    rows(tab.page).first.get_by_role("link").click()
    expect(tab.page.get_by_label("Selected row")).to_contain_text("X-Ray and OpenTelemetry")
    assert tab.complaints == []


def test_a_failure_leads_to_the_row_where_it_began(tab: Tab, xray_local: Server, now: float) -> None:
    """Only that row is red, and its pane has the exception."""
    tab.open(f"/traces/{failing(xray_local, now)}")
    why = tab.page.get_by_label("Why it failed")
    expect(why).to_contain_text("backend-flask → payments → score")
    expect(why).to_contain_text("Timeout timed out")
    expect(tab.page.locator("li.began")).to_have_count(1)
    why.get_by_role("link", name="score").click()
    expect(tab.page.get_by_label("Selected row")).to_contain_text("it began here")
    assert tab.complaints == []


def test_a_row_opens_beside_the_rows(tab: Tab, xray_local: Server, now: float) -> None:
    """Annotations, metadata, the exception with its stack and a span's events; the address is that of the row."""
    tab.open(f"/traces/{two_wires(xray_local, now)}")
    pane = tab.page.get_by_label("Selected row")
    expect(pane).not_to_be_visible()
    rows(tab.page).nth(2).get_by_role("link").click()
    for text in ("andrewbrown", "Metadata · namespace", "KeyError", "no such user", "» app.py:7 home"):
        expect(pane).to_contain_text(text)
    expect(tab.page).to_have_url(re.compile("row=00000000000000b2"))
    rows(tab.page).nth(3).get_by_role("link").click()
    expect(pane).to_contain_text("Event · cache.miss")
    expect(pane).to_contain_text("home:3")
    pane.get_by_role("link", name="Close").click()
    expect(pane).not_to_be_visible()
    assert tab.complaints == []


def test_rows_are_folded_chosen_and_found(tab: Tab, xray_local: Server, now: float) -> None:
    """Each view is an address, with a script or without."""
    tab.open(f"/traces/{failing(xray_local, now)}")
    expect(rows(tab.page)).to_have_count(4)
    fold = rows(tab.page).nth(2).locator(".fold")
    fold.click()
    expect(rows(tab.page)).to_have_count(3)
    expect(tab.page).to_have_url(re.compile("fold=00000000000000c2"))
    fold.click()
    expect(rows(tab.page)).to_have_count(4)
    tab.page.get_by_role("link", name="errors 4").click()
    expect(rows(tab.page)).to_have_count(3)
    tab.page.get_by_role("link", name="calls and answers as two rows").click()
    expect(rows(tab.page)).to_have_count(4)
    tab.page.get_by_label("Find in this trace").fill("score")
    tab.page.get_by_label("Find in this trace").press("Enter")
    expect(tab.page.locator("li.hit")).to_have_count(1)
    tab.page.get_by_role("link", name="show all").click()
    expect(rows(tab.page)).to_have_count(4)
    assert tab.complaints == []


def test_a_click_on_the_overview_zooms(tab: Tab, xray_local: Server, now: float) -> None:
    """To an eighth of the time; what is not in it is not shown."""
    tab.open(f"/traces/{failing(xray_local, now)}")
    tab.page.get_by_role("link", name="Zoom to 1.75 s to 2 s").click()
    expect(rows(tab.page)).to_have_count(1)
    expect(tab.page).to_have_url(re.compile("zoom=1750-2000"))
    assert tab.complaints == []


def test_a_long_trace_has_windows(tab: Tab, xray_local: Server, now: float) -> None:
    """200 of 500 rows are shown, with a link to the next ones; the address of a row shows its window."""
    name = trace_id(now, 1)
    children = [segment(name, f"{n:016x}", now - 1, 0.5, parent_id=f"{1:016x}") for n in range(2, 501)]
    documents = [segment(name, f"{1:016x}", now - 2, 2), *children]
    put_segments(xray_local.api, *documents)
    tab.open(f"/traces/{name}")
    expect(rows(tab.page)).to_have_count(200)
    tab.page.get_by_role("link", name="Next rows").click()
    expect(tab.page.get_by_text("rows 201 to 400 of 500")).to_be_visible()
    expect(tab.page.locator(f"#s-{201:016x}")).to_be_visible()
    tab.open(f"/traces/{name}?row={450:016x}")
    expect(tab.page.get_by_text("rows 401 to 500 of 500")).to_be_visible()
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
    """The plus beside a value lists the traces with that value."""
    tab.open(f"/traces/{two_wires(xray_local, now)}?row=00000000000000b2")
    tab.page.get_by_role("link", name="Traces with handle andrewbrown").click()
    expect(tab.page).to_have_url(re.compile("q=annotation.*andrewbrown"))
    assert tab.complaints == []


@pytest.mark.parametrize("query", ["", "?live=1"])
def test_a_trace_grows_while_it_is_looked_at(tab: Tab, xray_local: Server, now: float, query: str) -> None:
    """By events; without a script the page reloads itself if its address says so."""
    name = trace_id(now, 7)
    started = {"id": "00000000000000c0", "name": "backend-flask", "start_time": now - 1, "in_progress": True}
    put_segments(xray_local.api, {"trace_id": name, **started})
    tab.open(f"/traces/{name}{query}")
    expect(rows(tab.page)).to_have_count(1)
    if tab.page.get_by_role("link", name="live").get_attribute("title") == "Reload every 5 seconds":
        return  # without a script, and not asked to reload
    find = tab.page.get_by_label("Find in this trace")
    find.fill("pay")
    put_segments(xray_local.api, segment(name, "00000000000000c1", now - 0.5, 0.3, parent_id="00000000000000c0"))
    expect(rows(tab.page)).to_have_count(2, timeout=10_000)
    if query:
        return
    expect(find).to_have_value("pay")
    expect(find).to_be_focused()
    put_segments(xray_local.api, segment(name, "00000000000000c0", now - 1, 0.8, http=http("/end", 200)))
    expect(tab.page.locator("h1")).to_contain_text("/end")
    expect(tab.page).to_have_title(re.compile("^200 GET /end"))
    assert tab.complaints == []


def test_on_a_phone_the_pane_stands_below_its_row(tab: Tab, xray_local: Server, now: float) -> None:
    """Above the row that follows."""
    tab.page.set_viewport_size({"width": 390, "height": 800})
    tab.open(f"/traces/{failing(xray_local, now)}")
    rows(tab.page).nth(1).get_by_role("link").click()
    pane = tab.page.get_by_label("Selected row")
    expect(pane).to_contain_text("PutItem")
    boxes = [part.bounding_box() for part in (rows(tab.page).nth(1), pane, rows(tab.page).nth(2))]
    tops = [box["y"] for box in boxes if box]
    assert tops == sorted(tops)
    expect(rows(tab.page).nth(1)).to_be_in_viewport()
    assert tab.complaints == []


def test_a_service_of_the_drawing_opens_its_first_row(tab: Tab, xray_local: Server, now: float) -> None:
    """The drawing has the services, each a link."""
    tab.open(f"/traces/{failing(xray_local, now)}")
    drawn = tab.page.get_by_role("group", name="Services and their calls")
    expect(drawn.get_by_role("link")).to_have_count(3)
    drawn.get_by_role("link", name="payments, own time").click()
    expect(tab.page.get_by_label("Selected row")).to_contain_text("payments")
    assert tab.complaints == []


@with_javascript
def test_a_trace_is_read_by_keyboard_alone(tab: Tab, xray_local: Server, now: float) -> None:
    """One tab stop for all rows; keys move, fold, open, copy and close, and the address follows."""
    page = tab.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=xray_local.api)
    tab.open(f"/traces/{failing(xray_local, now)}")
    press, focused, pane = page.keyboard.press, page.locator("li:focus"), page.get_by_label("Selected row")
    assert page.locator(".rows [tabindex='0']").count() == 1
    page.locator(".mini a").last.focus()
    press("Tab")
    expect(focused).to_have_id("s-00000000000000c0")
    for key in ("j", "ArrowDown", "h"):
        press(key)
    expect(rows(page)).to_have_count(3)
    expect(focused).to_have_attribute("aria-expanded", "false")
    press("l")
    expect(rows(page)).to_have_count(4)
    for key in ("k", "k", "e", "e", "Enter"):
        press(key)
    expect(focused).to_have_class(re.compile("began"))
    expect(pane).to_contain_text("timed out")
    expect(page).to_have_url(re.compile("row=00000000000000c4"))
    press("y")
    page.wait_for_function("async () => (await navigator.clipboard.readText()).endsWith('row=00000000000000c4')")
    press("Escape")
    expect(pane).not_to_be_visible()
    assert tab.complaints == []


@with_javascript
def test_rows_are_found_and_zoomed_to_by_keyboard_alone(tab: Tab, xray_local: Server, now: float) -> None:
    """The help lists the keys."""
    page, press = tab.page, tab.page.keyboard.press
    tab.open(f"/traces/{failing(xray_local, now)}")
    press("/")
    page.keyboard.type("score")
    press("Enter")
    expect(page.locator("li.hit:focus")).to_have_count(1)
    press("z")
    expect(page).to_have_url(re.compile("zoom=800-1300"))
    expect(page.locator("li.hit:focus")).to_have_count(1)
    press("/")
    page.keyboard.type("PutItem")
    press("Enter")
    page.get_by_role("link", name="Show all rows").focus()
    press("Enter")
    expect(rows(page)).to_have_count(4)
    press("c")
    expect(page).to_have_url(re.compile("only=critical"))
    page.wait_for_load_state()  # a key that is pressed before the script is there has no effect
    press("?")
    expect(page.get_by_text("the next row that failed")).to_be_visible()
    assert tab.complaints == []


@with_javascript
def test_a_drag_on_the_overview_zooms_to_that_part(tab: Tab, xray_local: Server, now: float) -> None:
    """Exactly, not only to one of its cells."""
    tab.open(f"/traces/{failing(xray_local, now)}")
    box = tab.page.locator("[data-mini]").bounding_box()
    assert box
    mouse = tab.page.mouse
    mouse.move(box["x"] + box["width"] / 4, box["y"] + 20)
    mouse.down()
    mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=4)
    mouse.up()
    tab.page.wait_for_url(re.compile("zoom="))
    start, end = re.findall(r"[\d.]+", tab.page.url.rpartition("zoom=")[2])
    assert (round(float(start), -1), round(float(end), -1)) == (500, 1000)
    assert tab.complaints == []


@with_javascript
def test_a_trace_is_copied_for_a_language_model(tab: Tab, xray_local: Server, now: float) -> None:
    """The Markdown is in the clipboard; without a script the link leads to it."""
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=xray_local.api)
    tab.open(f"/traces/{failing(xray_local, now)}")
    tab.page.get_by_role("link", name="Markdown").click()
    expect(tab.page.get_by_role("link", name="Copied")).to_be_visible()
    copied = tab.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# GET http://localhost:4567/checkout → 502 in 2 s")
    assert tab.complaints == []
