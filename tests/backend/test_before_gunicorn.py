"""The check that runs before gunicorn is imported."""

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
def test_gunicorn_can_read_a_number_and_nothing(environ: dict[str, str], expected: bool, left: dict[str, str]) -> None:
    """An empty variable is taken out, since gunicorn would fail on it; a word is left for the settings to refuse."""
    assert (readable(environ), environ) == (expected, left)
