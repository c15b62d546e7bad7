"""The settings: valid values, and messages for invalid ones."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from cruddur.settings import Settings, SettingsError, heartbeat_folder, load, table


def test_without_variables_the_defaults_apply() -> None:
    """The port is the documented 4567, on the loopback address only, and no route fails on purpose."""
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.workers, settings.fail_route) == ("127.0.0.1", 4567, 2, False)


def test_a_variable_replaces_its_default() -> None:
    """Numbers, flags and words are parsed, ignoring surrounding spaces."""
    settings = Settings.from_env(
        {"PORT": " 8080 ", "CRUDDUR_FAIL_ROUTE": "Yes", "CRUDDUR_LOG_LEVEL": "WARNING", "CRUDDUR_HOST": "::1"}
    )
    assert (settings.port, settings.fail_route, settings.log_level, settings.host) == (8080, True, "warning", "::1")


def test_an_empty_variable_has_its_default() -> None:
    """A chart that passes an empty value means the default."""
    assert Settings.from_env({"PORT": "", "WEB_CONCURRENCY": " "}) == Settings()


def test_other_variables_are_ignored() -> None:
    """Kubernetes sets other variables for a Service named cruddur."""
    assert Settings.from_env({"CRUDDUR_PORT": "tcp://10.0.0.1:80", "CRUDDUR_SERVICE_HOST": "10.0.0.1"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "abc", "a whole number from 1 to 65535"),
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("PORT", "65536", "a whole number from 1 to 65535"),
        ("PORT", "-1", "a whole number from 1 to 65535"),
        ("PORT", "²", "a whole number from 1 to 65535"),
        ("WEB_CONCURRENCY", "0", "a whole number from 1 to 256"),
        ("CRUDDUR_REQUEST_TIMEOUT", "1.5", "a whole number from 1 to 3600"),
        ("CRUDDUR_GRACEFUL_TIMEOUT", "soon", "a whole number from 1 to 3600"),
        ("CRUDDUR_MAX_BODY_BYTES", "64k", "a whole number from 0 to 1073741824"),
        ("CRUDDUR_FAIL_ROUTE", "maybe", "true or false"),
        ("CRUDDUR_LOG_LEVEL", "loud", "one of debug, info, warning, error, critical"),
        ("CRUDDUR_HOST", "http://localhost", "a host name or an address without a port"),
        ("CRUDDUR_HOST", "localhost:80", "a host name or an address without a port"),
        ("CRUDDUR_WORKER_TMP_DIR", "/nowhere/at/all", "an existing writable folder"),
    ],
)
def test_an_invalid_value_is_named_with_its_variable_and_the_expected_one(
    variable: str, value: str, expected: str
) -> None:
    """The message has the variable, the value, and what was expected."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: value})
    assert str(caught.value) == f"{variable}: {value!r}: expected {expected}"
    assert (caught.value.variable, caught.value.value, caught.value.expected) == (variable, value, expected)


def test_settings_do_not_change() -> None:
    """A validated value cannot be set."""
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "http", "a whole number from 1 to 65535"),
        ("AWS_XRAY_DAEMON_ADDRESS", "nowhere", "HOST:PORT or 'tcp:HOST:PORT udp:HOST:PORT'"),
    ],
)
def test_an_invalid_setting_stops_an_entry_point_with_one_line(
    capsys: pytest.CaptureFixture[str], variable: str, value: str, expected: str
) -> None:
    """There is one line and no traceback, for tracing variables too."""
    with pytest.raises(SystemExit) as caught:
        load({variable: value})
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"cruddur: {variable}: {value!r}: expected {expected}\n"


def test_the_heartbeat_folder_is_the_setting(tmp_path: Path) -> None:
    """The setting takes precedence over shared memory."""
    assert heartbeat_folder(Settings.from_env({"CRUDDUR_WORKER_TMP_DIR": str(tmp_path)})) == str(tmp_path)


def test_the_readme_has_every_setting() -> None:
    """The README's table equals the code's, line by line."""
    readme = (Path(__file__).parents[2] / "backend" / "README.md").read_text()
    for row in table():
        default = f"`{row.default}`" if row.default else "-"
        assert f"| `{row.variable}` | {default} | {row.expected} | {row.help} |" in readme
