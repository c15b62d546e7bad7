from typing import Any

import pytest

from tests.xray_local.page.trace.rows import checkout, document
from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.page.trace.row.pane import curl, pane
from xray_local.traces.body import Body
from xray_local.traces.waterfall import waterfall


@pytest.mark.parametrize("name", ["to-payments", "payments"])
def test_a_call_and_its_answer_are_in_one_pane(name: str) -> None:
    """Whichever is chosen; what the call took longer is the network, or a queue."""
    trace = AnalysedTrace(checkout())
    found = pane(trace, trace.by_id[name])
    assert [part.key for part in found.parts] == ["to-payments", "payments"]
    assert found.network == 2
    assert [(part.own, part.starts, part.critical) for part in found.parts] == [(2, 3, 2), (1.5, 4, 1.5)]


def test_a_row_without_an_answer_is_alone() -> None:
    """With what it called, and its flag."""
    trace = AnalysedTrace(checkout())
    found = pane(trace, trace.by_id["table"])
    assert (found.network, [part.called.text for part in found.parts]) == (None, ["table PutItem orders"])
    assert (found.first.service, found.first.flag, found.first.began) == ("orders", "", False)


def test_clocks_that_disagree_show_no_network() -> None:
    """An answer that took longer than its call has no time between them."""
    call = {"id": "c", "name": "c", "namespace": "remote", "start_time": 1, "end_time": 2}
    trace = AnalysedTrace(waterfall([document("a", 0, 9, subsegments=[call]), document("b", 1, 5, "c")]))
    assert pane(trace, 1).network is None


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        ({"method": "GET", "url": "http://h/a?b=1&c"}, "curl -i 'http://h/a?b=1&c'"),
        ({"method": "POST", "url": "http://h/"}, "curl -i -X POST http://h/"),
        ({"url": "http://h/", "user_agent": "a b"}, "curl -i -A 'a b' http://h/"),
        ({"method": "'; rm", "url": "http://h/'; rm -rf /"}, """curl -i -X ''"'"'; rm' 'http://h/'"'"'; rm -rf /'"""),
        ({"method": "GET", "url": "/only/a/path"}, ""),
        ({}, ""),
    ],
)
def test_a_request_is_a_command_that_can_be_pasted(request_: dict[str, Any], command: str) -> None:
    """Nothing recorded can end its quotes; without a whole URL there is none."""
    assert curl(Body({"http": {"request": request_}})) == command
