import math

import pytest

from xray_local.page.listing.query import read_query, step_seconds, toggled
from xray_model.filter_expression import parse


def test_what_is_not_valid_in_an_address_is_ignored() -> None:
    """The list is then that of the address without it."""
    odd = {"range": "x", "from": "nan", "to": "1e999", "took": "a-b", "sort": "x", "by": "x", "live": "²"}
    assert read_query(odd) == read_query({})
    assert read_query({}).times(now=1000.0, step=10) == (0.0, math.inf)


def test_a_relative_range_begins_at_a_column_of_the_heat_map() -> None:
    """So that requests within the column are the same."""
    query = read_query({"range": "5m"})
    assert query.times(now=1_003.0, step=10) == query.times(now=1_009.0, step=10) == (700.0, math.inf)


def test_times_and_durations_limit_the_list() -> None:
    """As the cells of the heat map do."""
    query = read_query({"from": "10", "to": "20", "took": "0.1-0.2"})
    assert query.times(now=1_000.0, step=10) == (10.0, 20.0)
    assert (query.shortest, query.longest) == (0.1, 0.2)


@pytest.mark.parametrize(("span", "step"), [(0, 1), (59, 1), (60, 2), (5_400, 120), (86_400, 1_800), (1e9, 17_020_800)])
def test_the_heat_map_has_at_most_sixty_columns(span: float, step: int) -> None:
    """Of a round number of seconds."""
    assert step_seconds(span) == step
    assert span / step <= 60


@pytest.mark.parametrize(
    ("text", "clause", "expected"),
    [
        ("", "fault", ("fault", False)),
        ("fault", "fault", ("", True)),
        ("fault AND ok", "fault", ("ok", True)),
        ("fault OR error", "ok", ("(fault OR error) AND ok", False)),
        ("ok", "fault AND error", ("ok AND fault AND error", False)),
        ("ok AND fault AND error", "fault AND error", ("ok", True)),
    ],
)
def test_a_clause_is_added_or_taken_off(text: str, clause: str, expected: tuple[str, bool]) -> None:
    """An alternative gets parentheses."""
    assert toggled(parse(text) if text else None, clause) == expected
