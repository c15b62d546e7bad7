import re
from itertools import pairwise

import pytest

from tests.xray_local.page.services.graphs import SHOP, STORE, TABLE, calls, shop
from xray_local.page.services.map import CALLS_MAX, GRID, SERVICES_MAX, Map, draw
from xray_local.page.services.numbers import Show, graph_numbers
from xray_local.traces.service_graph import GraphService, Key


def drawn(graph: dict[Key, GraphService], show: Show = "traffic") -> Map:
    found = draw(graph_numbers(graph, show), show)
    assert found is not None
    return found


def test_boxes_are_in_the_order_of_the_calls() -> None:
    """From the client to the last one, which is the order in which the keyboard reaches them."""
    assert [box.name for box in drawn(shop()).boxes] == ["client", "shop", "store", "orders"]


def test_everything_is_within_the_drawing() -> None:
    """Boxes and texts."""
    found = drawn(shop())
    assert all(
        0 <= box.x <= found.width - GRID.width and 0 <= box.y <= found.height - GRID.height for box in found.boxes
    )
    assert all(0 <= line.x <= found.width and 0 <= line.y <= found.height for line in found.lines)


def test_the_strip_of_a_box_has_the_shares_of_its_calls() -> None:
    """A fifth of the table's calls failed."""
    box = next(box for box in drawn(shop()).boxes if box.service.key == TABLE)
    assert [(part.kind, part.width) for part in box.parts] == [("ok", 139.2), ("fault", 34.8)]


@pytest.mark.parametrize(("show", "text"), [("traffic", "10 · 20 % ✗"), ("failures", "20 % ✗"), ("slow", "p95 20 ms")])
def test_a_line_says_what_is_shown(show: Show, text: str) -> None:
    """Of the calls of the table."""
    assert next(line.text for line in drawn(shop(), show).lines if line.call.target == TABLE) == text


@pytest.mark.parametrize(("show", "severity"), [("traffic", ""), ("failures", "fault")])
def test_few_failures_are_a_colour_only_where_failures_are_shown(show: Show, severity: str) -> None:
    """One of a hundred calls."""
    graph = shop()
    graph[STORE].edges[TABLE] = calls(99, 1)
    assert next(line.severity for line in drawn(graph, show).lines if line.call.target == TABLE) == severity


def test_a_queue_has_the_last_part_of_its_address_as_its_name() -> None:
    """The whole one does not fit; the title has it."""
    key = ("https://sqs.us-east-1.amazonaws.com/111122223333/orders-to-ship", "AWS::SQS::Queue")
    assert [box.name for box in drawn({key: GraphService(*key)}).boxes] == ["orders-to-ship"]


def test_a_line_leads_from_box_to_box() -> None:
    """From the right edge of the caller to the left edge of the called."""
    found = drawn(shop())
    boxes = {box.service.key: box for box in found.boxes}
    line = next(line for line in found.lines if (line.call.source, line.call.target) == (SHOP, STORE))
    numbers = [float(number) for number in re.findall(r"[\d.]+", line.path)]
    assert numbers[:2] == [boxes[SHOP].x + GRID.width, boxes[SHOP].y + GRID.height / 2]
    assert numbers[-2:] == [boxes[STORE].x, boxes[STORE].y + GRID.height / 2]


def test_a_call_back_is_a_line_of_its_own() -> None:
    """From the left edge of the caller, below the call that it answers."""
    graph = shop()
    graph[STORE].edges[SHOP] = calls(1)
    found = drawn(graph)
    there, back = (
        next(line for line in found.lines if (line.call.source, line.call.target) == ends)
        for ends in ((SHOP, STORE), (STORE, SHOP))
    )
    assert back.path != there.path
    assert back.path.startswith(f"M{next(box.x for box in found.boxes if box.service.key == STORE):g},")


def test_texts_of_one_gap_do_not_cover_each_other() -> None:
    """Nine calls of one service, one below the other."""
    targets = [(f"s{number}", "") for number in range(9)]
    graph = {SHOP: GraphService(*SHOP, active=True, edges={target: calls(1) for target in targets})}
    graph |= {target: GraphService(*target, active=True, calls=calls(1)) for target in targets}
    heights = sorted(line.y for line in drawn(graph).lines)
    assert all(after - before >= 13 for before, after in pairwise(heights))


def test_the_widest_line_has_the_most_calls() -> None:
    """By their logarithm."""
    graph = shop()
    graph[STORE].edges[TABLE] = calls(1000)
    widths = {line.call.target: line.width for line in drawn(graph).lines}
    assert widths[TABLE] == 6.0
    assert 1.0 < widths[STORE] < 6.0


def test_too_many_services_or_calls_are_no_map() -> None:
    """The table has them."""
    many: dict[Key, GraphService] = {
        (f"s{number}", ""): GraphService(f"s{number}", "") for number in range(SERVICES_MAX)
    }
    assert draw(graph_numbers(many), "traffic") is not None
    assert draw(graph_numbers(many | {SHOP: GraphService(*SHOP)}), "traffic") is None
    keys = list(many)
    for number in range(CALLS_MAX + 1):
        many[keys[number // 50]].edges[keys[number % 50 + 5]] = calls(1)
    assert draw(graph_numbers(many), "traffic") is None
