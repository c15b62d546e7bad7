"""Wrong arguments of `python -m bench`."""

import pytest

from bench.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nonsense"],
            "NAME: 'nonsense': expected one of ingest, udp, queries, pages, start, first-use, requests, loss, ",
        ),
        (["requests", "--only", "sigterm"], "--only: 'sigterm': expected one of none, command, otel,"),
        (
            ["first-use", "--only", "otel"],
            "--only: 'otel': expected one of tracing, xray-local, pytest, operator, demo",
        ),
        (["requests", "--clients", "0"], "--clients: '0': expected 1 or more"),
    ],
)
def test_a_wrong_argument_is_an_error(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the argument, its value and what was expected."""
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err
