"""Where the agent is: the X-Ray SDKs' variable in both forms, and ADOT's sampler argument."""

import pytest

from cruddur_tracing.resilience.network.address import Address
from cruddur_tracing.sampling.settings import read_settings

BAD_ARGUMENT = "OTEL_TRACES_SAMPLER_ARG: {!r}: expected {}"


@pytest.mark.parametrize(
    ("argument", "environ", "address", "rules"),
    [
        (None, {}, "127.0.0.1:2000", 300),
        ("", {"AWS_XRAY_DAEMON_ADDRESS": " agent:3000 "}, "agent:3000", 300),
        (None, {"AWS_XRAY_DAEMON_ADDRESS": "udp:10.0.0.2:2002  tcp:10.0.0.1:2001"}, "10.0.0.1:2001", 300),
        ("endpoint=http://other:2001", {"AWS_XRAY_DAEMON_ADDRESS": "agent:3000"}, "other:2001", 300),
        (" endpoint = http://[::1]/ , polling_interval = 60 ", {}, "[::1]:2000", 60),
        ("polling_interval=9", {}, "127.0.0.1:2000", 300),
    ],
)
def test_the_argument_overrides_the_variable(
    argument: str | None, environ: dict[str, str], address: str, rules: float
) -> None:
    """An interval of less than ten seconds is replaced by the default, as in ADOT."""
    settings = read_settings(argument, environ)
    assert (str(settings.address), settings.schedule.rules, settings.problems) == (address, rules, ())


@pytest.mark.parametrize(
    ("argument", "named", "expected"),
    [
        ("endpoint=https://agent:2000", "endpoint=https://agent:2000", "endpoint=http://HOST:PORT"),
        ("endpoint=http://agent:x", "endpoint=http://agent:x", "endpoint=http://HOST:PORT"),
        ("endpoint=http://agent:2000/path", "endpoint=http://agent:2000/path", "endpoint=http://HOST:PORT"),
        ("polling_interval=-1", "polling_interval=-1", "polling_interval=SECONDS"),
        ("polling_interval=", "polling_interval=", "polling_interval=SECONDS"),
        ("0.25", "0.25", "endpoint=http://HOST:PORT,polling_interval=SECONDS"),
    ],
)
def test_a_bad_value_has_no_effect_and_is_named(argument: str, named: str, expected: str) -> None:
    """The rest counts: an exception here would make OpenTelemetry sample everything."""
    settings = read_settings(f"{argument},polling_interval=77", {"AWS_XRAY_DAEMON_ADDRESS": "agent:3000"})
    assert settings.problems == (BAD_ARGUMENT.format(named, expected),)
    assert (settings.address, settings.schedule.rules) == (Address("agent", 3000), 77)


def test_a_bad_variable_leaves_the_default() -> None:
    """The agent on this host."""
    settings = read_settings(None, {"AWS_XRAY_DAEMON_ADDRESS": "agent"})
    assert settings.address == Address("127.0.0.1", 2000)
    assert settings.problems == (
        "AWS_XRAY_DAEMON_ADDRESS: 'agent': expected HOST:PORT or 'tcp:HOST:PORT udp:HOST:PORT'",
    )
