import json
from typing import Any

import pytest

from tests.xray_local.samples import NOW, document, trace_id
from xray_local.api.rendering import trace_summary
from xray_local.cli.terminal.screen import Screen, cells
from xray_local.cli.terminal.trace_table import Table, short_ids
from xray_local.ingest.example import documents
from xray_local.traces.documents import parse_stored
from xray_local.traces.summaries import summarize

ID = "1-6553f0ff-0000000000000000536e95df"
SENT = {"trace_id": ID, "id": "1" * 16, "name": "backend", "start_time": NOW, "end_time": NOW + 1}
CAUSE = {"exceptions": [{"type": "a.b.KeyError", "message": "'x'"}]}
CALL = {"id": "2" * 16, "name": "db", "start_time": NOW, "fault": True}


def summary(*bodies: dict[str, Any]) -> dict[str, Any]:
    parsed = [parse_stored(json.dumps(body)) for body in bodies] or [document(1)]
    return trace_summary(summarize(ID, parsed))


def rows(shape: dict[str, Any], width: int, *, colour: bool = False) -> list[str]:
    table = Table(Screen(width, colour=colour))
    return [table.head(), *table.rows(shape, "536e95df")]


EXAMPLE = summary(*documents(ID, NOW))


def test_a_row_has_the_request_and_below_it_why_it_failed() -> None:
    """In 80 columns."""
    assert rows(EXAMPLE, 80) == [
        "STARTED      TOOK RESULT   REQUEST                                      ID",
        "22:13:19   511 ms 502 ✗    POST /checkout                               536e95df",
        "                           payments: HTTPError 503 Server Error: Service Unavai…",
    ]


def test_a_wide_terminal_has_bars_and_services() -> None:
    """The bar is as long as the logarithm of the duration."""
    _, row, _ = rows(EXAMPLE, 130)
    assert "511 ms █████▍   502 ✗    POST /checkout  " in row
    assert " shop-api→storefront→payments→fraud " in row


@pytest.mark.parametrize("width", [40, 80, 99, 100, 250])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    """Whatever was recorded."""
    http = {"request": {"method": "GET" * 9, "url": f"http://a/{'注' * 300}"}, "response": {"status": 200}}
    for shape in (EXAMPLE, summary(SENT | {"name": "n" * 200, "http": http})):
        assert max(map(cells, rows(shape, width))) <= width


def test_colours_say_how_it_ended() -> None:
    """Red for a fault, green for what went well."""
    assert "\033[31m502 ✗" in rows(EXAMPLE, 80, colour=True)[1]
    assert "\033[32mok" in rows(summary(), 80, colour=True)[1]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, []),
        ({"fault": True}, []),
        ({"fault": True, "cause": CAUSE}, ["backend: KeyError 'x'"]),
        ({"fault": True, "subsegments": [CALL]}, ["backend: db"]),
    ],
)
def test_the_reason_is_the_exception_or_the_call(more: dict[str, Any], expected: list[str]) -> None:
    """With the service; none if only the whole request failed."""
    assert [line.strip() for line in rows(summary(SENT | more), 80)[2:]] == expected


def test_short_ids_are_as_long_as_they_must_be() -> None:
    """To be different; at least 8 digits."""
    assert short_ids([trace_id(1), trace_id(2)]) == {trace_id(1): "00000001", trace_id(2): "00000002"}
    near = [f"1-6553f100-{'0' * 10}{digit}{'0' * 12}1" for digit in "ab"]
    assert list(short_ids(near).values()) == [f"{digit}{'0' * 12}1" for digit in "ab"]
