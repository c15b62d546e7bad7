from pathlib import Path

import pytest

from xray_local.settings import FIELDS, Settings, SettingsError, read


def test_the_default_ports_are_those_of_the_sdks() -> None:
    """8900, 2000, 4318 and 4317 on the loopback address, in memory."""
    assert read({}, {}) == Settings(
        host="127.0.0.1",
        api_port=8900,
        agent_port=2000,
        otlp_port=4318,
        otlp_grpc_port="auto",
        db=":memory:",
        max_traces=100_000,
        region="us-east-1",
        allow_host=(),
        allow_origin=(),
        lambda_="",
    )


def test_an_option_overrides_its_variable_and_a_variable_the_default() -> None:
    """An absent option is None."""
    environ = {"XRAY_LOCAL_API_PORT": "1", "XRAY_LOCAL_OTLP_PORT": "2"}
    settings = read({"api_port": "3", "otlp_port": None}, environ)
    assert (settings.api_port, settings.otlp_port, settings.agent_port) == (3, 2, 2000)


def test_allowed_hosts_are_a_list() -> None:
    """Spaces and a trailing comma are ignored."""
    assert read({"allow_host": "xray.svc, xray.example,"}, {}).allow_host == ("xray.svc", "xray.example")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("api_port", "http", "a port from 0 to 65535"),
        ("agent_port", "65536", "a port from 0 to 65535"),
        ("otlp_port", "-1", "a port from 0 to 65535"),
        ("otlp_port", "²", "a port from 0 to 65535"),
        ("otlp_grpc_port", "on", "auto, off or a port from 0 to 65535"),
        ("allow_origin", "localhost:3000", "origins such as http://localhost:3000, or *"),
        ("lambda_", "my function", "a function's name of at most 64 letters, digits, - and _"),
        ("max_traces", "0", "a whole number of at least 1"),
        ("max_traces", "many", "a whole number of at least 1"),
        ("host", "", "text without spaces"),
        ("region", "us east", "text without spaces"),
        ("db", "", "the path of a file"),
    ],
)
def test_a_wrong_value_is_an_error_with_its_source(name: str, text: str, expected: str) -> None:
    """The option or the variable."""
    field = next(field for field in FIELDS if field.name == name)
    with pytest.raises(SettingsError) as option:
        read({name: text}, {})
    with pytest.raises(SettingsError) as variable:
        read({}, {field.variable: text})
    assert str(option.value) == f"{field.option}: {text!r}: expected {expected}"
    assert str(variable.value) == f"{field.variable}: {text!r}: expected {expected}"


def test_every_setting_is_in_the_documentation() -> None:
    """The README's table has its option, variable, default and help."""
    text = (Path(__file__).parents[2] / "xray-local" / "README.md").read_text()
    for field in FIELDS:
        default = f"`{field.default}`" if field.default else "none"
        assert f"| `{field.option}` | `{field.variable}` | {default} | {field.help} |" in text
