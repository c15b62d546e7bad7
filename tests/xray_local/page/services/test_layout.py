from itertools import pairwise, product

import pytest

from xray_local.page.services.layout import arrange, spread

CLIENT, SHOP, STORE, DYNAMO, PAYMENTS, FRAUD = range(6)
SHOP_CALLS = [(CLIENT, SHOP), (SHOP, STORE), (STORE, DYNAMO), (STORE, PAYMENTS), (PAYMENTS, FRAUD)]


def test_the_layer_of_a_node_is_the_longest_path_to_it() -> None:
    """A second, shorter way does not move it."""
    layout = arrange(6, [*SHOP_CALLS, (SHOP, FRAUD)])
    assert [layer for layer, _ in layout.places] == [0, 1, 2, 3, 3, 4]
    assert layout.layers == 5


def test_an_edge_over_several_layers_has_a_waypoint_in_each() -> None:
    """From its source to its target."""
    path = arrange(6, [*SHOP_CALLS, (SHOP, FRAUD)]).paths[SHOP, FRAUD]
    assert [layer for layer, _ in path] == [1, 2, 3, 4]


def test_the_client_of_a_late_service_is_next_to_it() -> None:
    """Not in the first layer, far away."""
    worker = 6
    layout = arrange(7, [*SHOP_CALLS, (worker, FRAUD)])
    assert layout.places[worker][0] == layout.places[FRAUD][0] - 1


def test_a_call_back_goes_against_the_flow() -> None:
    """The path starts at its source, although that is on the right."""
    layout = arrange(3, [(0, 1), (1, 2), (2, 1)])
    assert [layer for layer, _ in layout.places] == [0, 1, 2]
    assert [layer for layer, _ in layout.paths[2, 1]] == [2, 1]


def test_a_node_that_calls_itself_has_no_path() -> None:
    """It has no place beside itself."""
    assert arrange(1, [(0, 0)]).paths == {}


def test_edges_that_need_not_cross_do_not() -> None:
    """Whatever the order in which the nodes come."""
    layout = arrange(6, [(0, 1), (0, 2), (1, 5), (2, 3), (1, 4)])
    ends = [[layout.paths[edge][place][1] for edge in ((1, 5), (1, 4), (2, 3))] for place in (0, -1)]
    pairs = product(zip(*ends, strict=True), repeat=2)
    assert all((one[0] - other[0]) * (one[1] - other[1]) >= 0 for one, other in pairs)


def test_nodes_of_one_layer_do_not_overlap() -> None:
    """Each has a row of its own, and the highest begins at the top."""
    layout = arrange(12, [(0, node) for node in range(1, 12)])
    rows = sorted(row for layer, row in layout.places if layer == 1)
    assert min(after - before for before, after in pairwise(rows)) == pytest.approx(1)
    assert rows[0] == pytest.approx(0.5)
    assert layout.rows == pytest.approx(11)


def test_a_node_is_at_the_middle_of_what_it_calls() -> None:
    """The client of five services is level with the third."""
    places = arrange(6, [(0, node) for node in range(1, 6)]).places
    assert places[0][1] == pytest.approx(2.5)


def test_a_long_chain_is_a_straight_line() -> None:
    """Deeper than the interpreter's limit of nested calls."""
    layout = arrange(3000, [(node, node + 1) for node in range(2999)])
    assert layout.layers == 3000
    assert {row for _, row in layout.places} == {0.5}


def test_an_empty_graph_has_no_size() -> None:
    """Nothing is stored yet."""
    layout = arrange(0, [])
    assert (layout.layers, layout.rows) == (0, 0.0)


@pytest.mark.parametrize(
    ("wanted", "centres"),
    [
        ([0.0, 5.0], [0.0, 5.0]),
        ([1.0, 1.0], [0.5, 1.5]),
        ([3.0, 0.0, 10.0], [1.0, 2.0, 10.0]),
        ([], []),
    ],
)
def test_spread_moves_no_more_than_it_must(wanted: list[float], centres: list[float]) -> None:
    """Things of height 1 that would overlap touch."""
    assert spread(wanted, [1.0] * len(wanted)) == pytest.approx(centres)
