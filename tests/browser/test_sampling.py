"""The page of the sampling rules in a real browser, with JavaScript off as well as on."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.recordings import Server
from tests.browser.tab import Tab
from tests.xray_local.samples import rule, trace_id
from xray_local.cli import client
from xray_local.ingest.example import documents

pytestmark = [pytest.mark.browser, pytest.mark.process]


@pytest.fixture
def rules(xray_local: Server, now: float) -> None:
    """A rule besides Default, a report on Default, and a trace that it took."""
    posts = rule("posts", HTTPMethod="POST", URLPath="/checkout*", FixedRate=0.1, ReservoirSize=1)
    client.call(xray_local.api, "CreateSamplingRule", {"SamplingRule": posts})
    report = {"RuleName": "Default", "ClientID": "a" * 24, "Timestamp": now, "RequestCount": 40, "SampledCount": 10}
    client.call(xray_local.api, "SamplingTargets", {"SamplingStatisticsDocuments": [report]})
    texts = [json.dumps(document) for document in documents(trace_id(1), now)]
    client.call(xray_local.api, "TraceSegments", {"TraceSegmentDocuments": texts})


def test_a_request_that_is_typed_in_is_decided_about(tab: Tab, rules: None) -> None:
    """By keyboard; the answer is a sentence, and each rule says why it passes."""
    tab.open("/sampling")
    form = tab.page.get_by_role("form", name="Which rule decides?")
    form.get_by_label("Method").fill("POST")
    form.get_by_label("Requests a second").fill("40")
    form.get_by_label("Path or URL").fill("https://shop.example.com/checkout?x=1")
    form.get_by_label("Path or URL").press("Enter")
    answer = tab.page.get_by_role("status")
    expect(answer).to_contain_text("POST shop.example.com/checkout: posts decides: 1 a second, then 10 %.")
    expect(answer).to_contain_text("At 40 requests a second it keeps 4.9 (12.25 %).")
    expect(tab.page.locator("tr.decides th")).to_have_text("posts")
    expect(tab.page.locator("table.rules tbody tr").nth(1)).to_contain_text("comes after 'posts', which matches")
    form.get_by_label("Method").fill("GET")
    form.get_by_role("button", name="Evaluate").click()
    expect(tab.page.locator("tr.decides th")).to_have_text("Default")
    expect(tab.page.locator("table.rules tbody tr").nth(0)).to_contain_text("HTTPMethod 'POST' does not match 'GET'")
    assert tab.complaints == []


def test_a_rule_leads_to_its_traces_and_a_trace_to_its_rule(tab: Tab, rules: None) -> None:
    """And from there back to the question with the request of the trace."""
    tab.open("/sampling")
    tab.page.get_by_role("link", name="1 trace of Default").click()
    expect(tab.page.get_by_role("region", name="Clients of Default")).to_contain_text("a" * 24)
    tab.page.get_by_role("region", name="Traces of Default").get_by_role("link", name="/checkout").click()
    tab.page.get_by_role("link", name="Default").click()
    tab.page.get_by_role("region", name="Traces of Default").get_by_role("link", name="Evaluate").click()
    expected = "POST storefront.internal/checkout to storefront of type AWS::EKS::Container: posts decides"
    expect(tab.page.get_by_role("status")).to_contain_text(expected)
    assert tab.complaints == []


def test_other_rules_are_rehearsed(tab: Tab, rules: None) -> None:
    """The form keeps what was typed in; nothing is changed."""
    tab.open("/sampling")
    tab.page.get_by_role("heading", name="Rehearse other rules").click()
    tab.page.get_by_label("Rate in percent of posts").fill("50")
    tab.page.get_by_label("Without posts").check()
    tab.page.get_by_role("button", name="Rehearse").click()
    expect(tab.page.get_by_role("status")).to_contain_text("Today 1 trace a minute, then about 1.")
    expect(tab.page.get_by_role("region", name="Traces a minute by route")).to_contain_text("POST /checkout")
    expect(tab.page.get_by_label("Rate in percent of posts")).to_have_value("50")
    expect(tab.page.get_by_label("Without posts")).to_be_checked()
    expect(tab.page.locator("table.rules tbody tr").nth(0)).to_contain_text("1 a second, then 10 %")
    assert tab.complaints == []


@pytest.mark.parametrize("width", [320, 1440])
def test_the_page_is_not_wider_than_the_window(tab: Tab, rules: None, width: int) -> None:
    """Tables scroll by themselves."""
    tab.page.set_viewport_size({"width": width, "height": 900})
    tab.open("/sampling?path=/checkout&rule=Default&rehearse=1")
    widths = tab.page.locator("html").bounding_box()
    assert widths is not None
    assert widths["width"] <= width
    assert int(tab.page.evaluate("document.documentElement.scrollWidth")) <= width
