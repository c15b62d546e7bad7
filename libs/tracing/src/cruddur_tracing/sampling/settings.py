"""The agent's address, the schedule of calls, and how both are configured.

The address is read from OTEL_TRACES_SAMPLER_ARG (as ADOT: `endpoint=http://HOST:PORT,polling_interval=SECONDS`), then
from AWS_XRAY_DAEMON_ADDRESS (as the X-Ray SDKs). Nothing here reads `os.environ`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cruddur_tracing.resilience.network.address import NOTATIONS, Address, Agent

ARGUMENT: Final = "OTEL_TRACES_SAMPLER_ARG"
DAEMON_ADDRESS: Final = "AWS_XRAY_DAEMON_ADDRESS"
POLLING_INTERVAL_MIN: Final = 10.0  # seconds; ADOT takes 300 instead of a smaller number


class SamplingSettingsError(ValueError):
    """A variable that cannot be used; the message names the variable, its value, and what was expected."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable}: {value!r}: expected {expected}")


class Schedule(NamedTuple):
    """When an agent is called, in seconds. Up to the jitter is added to each interval.

    `retry` is the time after a failure, `timeout` the longest that one call may take.
    """

    rules: float = 300.0
    rules_jitter: float = 5.0
    targets: float = 10.0
    targets_jitter: float = 0.1
    retry: float = 5.0
    timeout: float = 5.0


class SamplingSettings(NamedTuple):
    """The agent's address and the schedule; `problems` are the values that could not be used, a line for each."""

    address: Address = Address()
    schedule: Schedule = Schedule()
    problems: tuple[str, ...] = ()


def read_settings(argument: str | None, environ: Mapping[str, str]) -> SamplingSettings:
    """Return the settings of a sampler's argument and an environment; a value that cannot be used has no effect."""
    settings = SamplingSettings()
    values = [(DAEMON_ADDRESS, environ.get(DAEMON_ADDRESS, ""))]
    values += [(ARGUMENT, part) for part in (argument or "").split(",")]
    for variable, value in values:
        try:
            if value.strip():
                settings = _with(settings, variable, value.strip())
        except SamplingSettingsError as error:
            settings = settings._replace(problems=(*settings.problems, str(error)))
    return settings


def _with(settings: SamplingSettings, variable: str, value: str) -> SamplingSettings:
    if variable == DAEMON_ADDRESS:
        try:
            return settings._replace(address=Agent.parse(value).tcp)
        except ValueError as error:
            raise SamplingSettingsError(variable, value, NOTATIONS) from error
    name, _, text = value.partition("=")
    if name.strip() == "endpoint":
        return settings._replace(address=_endpoint(text.strip()))
    if name.strip() == "polling_interval":
        return settings._replace(schedule=settings.schedule._replace(rules=_polling_interval(text.strip())))
    raise SamplingSettingsError(ARGUMENT, value, "endpoint=http://HOST:PORT,polling_interval=SECONDS")


def _endpoint(text: str) -> Address:
    try:
        url = urlsplit(text)
        if url.scheme == "http" and url.hostname and url.path in {"", "/"} and not url.query:
            return Address(url.hostname, 2000 if url.port is None else url.port)
    except ValueError:
        pass
    raise SamplingSettingsError(ARGUMENT, f"endpoint={text}", "endpoint=http://HOST:PORT")


def _polling_interval(text: str) -> float:
    if not (text.isascii() and text.isdecimal()):
        raise SamplingSettingsError(ARGUMENT, f"polling_interval={text}", "polling_interval=SECONDS")
    seconds = float(text)
    return seconds if seconds >= POLLING_INTERVAL_MIN else Schedule().rules
