"""The check before gunicorn is imported."""

import pytest

from cruddur.before_gunicorn import readable


@pytest.mark.parametrize(
    ("environ", "expected", "left"),
    [
        ({}, True, {}),
        ({"WEB_CONCURRENCY": "2"}, True, {"WEB_CONCURRENCY": "2"}),
        ({"WEB_CONCURRENCY": " "}, True, {}),
        ({"WEB_CONCURRENCY": "two"}, False, {"WEB_CONCURRENCY": "two"}),
    ],
)
def test_gunicorn_can_read_a_number_or_an_empty_variable(
    environ: dict[str, str], expected: bool, left: dict[str, str]
) -> None:
    """An empty variable is removed, because gunicorn would fail on it; the settings reject a word."""
    assert (readable(environ), environ) == (expected, left)
