"""The settings: valid and invalid values, error messages, and the precedence of their sources."""

import pytest

from xray_operator.settings import SETTINGS, Settings, SettingsError, read_all


def test_defaults_serve_all_namespaces_on_the_loopback_address() -> None:
    """With AWS's quota, and one read a minute."""
    assert read_all({}, {}) == Settings(
        namespaces=(),
        home_namespace="",
        cluster_id="local",
        class_="",
        account="",
        region=None,
        endpoint=None,
        interval=60,
        aws_timeout=15,
        write_rate=5,
        write_burst=50,
        rule_quota=25,
        listen=("127.0.0.1", 8080),
        lease=None,
        lease_seconds=15,
        identity="",
        log_level="info",
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("namespaces", "shop, tools-2,", ("shop", "tools-2")),
        ("namespaces", "", ()),
        ("home_namespace", "shop", "shop"),
        ("home_namespace", "", ""),
        ("cluster_id", "prod eu.1", "prod eu.1"),
        ("cluster_id", "x" * 64, "x" * 64),
        ("class_", "eu-west-1", "eu-west-1"),
        ("class_", "", ""),
        ("account", "111122223333", "111122223333"),
        ("account", "", ""),
        ("region", "eu-west-1", "eu-west-1"),
        ("region", "", None),
        ("endpoint", "http://localhost:8900", "http://localhost:8900"),
        ("interval", "1", 1.0),
        ("interval", "86400", 86400.0),
        ("aws_timeout", "0.1", 0.1),
        ("write_rate", "0.01", 0.01),
        ("write_burst", "1", 1),
        ("rule_quota", "10000", 10000),
        ("listen", "0.0.0.0:0", ("0.0.0.0", 0)),
        ("listen", "[::1]:65535", ("::1", 65535)),
        ("lease", "shop/demo-operator", ("shop", "demo-operator")),
        ("lease", "", None),
        ("identity", "pod-1", "pod-1"),
        ("log_level", "debug", "debug"),
    ],
)
def test_valid_value_is_read(name: str, text: str, value: object) -> None:
    """From the option and from the variable."""
    [setting] = [setting for setting in SETTINGS if setting.name == name]
    assert getattr(read_all({name: text}, {}), name) == value
    assert getattr(read_all({}, {setting.variable: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("namespaces", "Shop", "namespaces, separated by commas"),
        ("namespaces", "a b", "namespaces, separated by commas"),
        ("namespaces", "a,-", "namespaces, separated by commas"),
        ("home_namespace", "a,b", "one namespace"),
        ("home_namespace", "Shop", "namespaces, separated by commas"),
        ("cluster_id", "", "1 to 64 letters, digits, spaces and . _ : = + @ -"),
        ("cluster_id", "a/b", "1 to 64 letters, digits, spaces and . _ : = + @ -"),
        ("cluster_id", "x" * 65, "1 to 64 letters, digits, spaces and . _ : = + @ -"),
        ("cluster_id", " a", "1 to 64 letters, digits, spaces and . _ : = + @ -"),
        ("cluster_id", "prod#1,eu", "1 to 64 letters, digits, spaces and . _ : = + @ -"),
        ("class_", "EU", "at most 63 lower-case letters, digits and -"),
        ("class_", "eu-", "at most 63 lower-case letters, digits and -"),
        ("account", "prod", "12 digits"),
        ("account", "1111222233334", "12 digits"),
        ("interval", "0.9", "a number from 1 to 86400"),
        ("interval", "86401", "a number from 1 to 86400"),
        ("interval", "nan", "a number from 1 to 86400"),
        ("interval", "inf", "a number from 1 to 86400"),
        ("interval", "often", "a number from 1 to 86400"),
        ("interval", "", "a number from 1 to 86400"),
        ("aws_timeout", "0", "a number from 0.1 to 300"),
        ("write_rate", "1001", "a number from 0.01 to 1000"),
        ("write_burst", "0", "a whole number from 1 to 10000"),
        ("write_burst", "1.5", "a whole number from 1 to 10000"),
        ("rule_quota", "-1", "a whole number from 1 to 10000"),
        ("rule_quota", "²", "a whole number from 1 to 10000"),
        ("rule_quota", "10001", "a whole number from 1 to 10000"),
        ("listen", "8080", "HOST:PORT"),
        ("listen", ":8080", "HOST:PORT"),
        ("listen", "localhost:", "HOST:PORT"),
        ("listen", "localhost:65536", "HOST:PORT"),
        ("listen", "localhost:http", "HOST:PORT"),
        ("lease", "shop", "NAMESPACE/NAME"),
        ("lease", "shop/", "NAMESPACE/NAME"),
        ("lease", "shop/a/b", "NAMESPACE/NAME"),
        ("lease", "Shop/a", "NAMESPACE/NAME"),
        ("lease_seconds", "0", "a whole number from 1 to 10000"),
        ("log_level", "INFO", "debug, info, warning or error"),
    ],
)
def test_invalid_value_names_its_source_and_what_was_expected(name: str, text: str, expected: str) -> None:
    """The option, or the variable."""
    [setting] = [setting for setting in SETTINGS if setting.name == name]
    with pytest.raises(SettingsError) as by_option:
        read_all({name: text}, {})
    with pytest.raises(SettingsError) as by_variable:
        read_all({}, {setting.variable: text})
    assert str(by_option.value) == f"{setting.option}: {text!r}: expected {expected}"
    assert str(by_variable.value) == f"{setting.variable}: {text!r}: expected {expected}"


def test_option_precedes_variable_and_variable_precedes_default() -> None:
    """An omitted option is None; a variable with an option is not read."""
    environ = {"XRAY_OPERATOR_INTERVAL": "30", "XRAY_OPERATOR_WRITE_RATE": "fast", "AWS_REGION": "eu-west-1"}
    found = read_all({"write_rate": "2", "interval": None, "region": "us-east-1"}, environ)
    assert (found.interval, found.write_rate, found.region) == (30, 2, "us-east-1")


def test_awss_variables_keep_their_names() -> None:
    """All others have the prefix and the option's name."""
    assert [
        (setting.option, setting.variable) for setting in SETTINGS if not setting.variable.startswith("XRAY_OPERATOR_")
    ] == [
        ("--region", "AWS_REGION"),
        ("--endpoint", "AWS_ENDPOINT_URL_XRAY"),
    ]
    names = {setting.name: (setting.option, setting.variable) for setting in SETTINGS}
    assert names["aws_timeout"] == ("--aws-timeout", "XRAY_OPERATOR_AWS_TIMEOUT")
    assert names["class_"] == ("--class", "XRAY_OPERATOR_CLASS")


def test_every_setting_is_a_field_and_has_help() -> None:
    """In one order."""
    assert [setting.name for setting in SETTINGS] == list(Settings.__dataclass_fields__)
    assert all(setting.help for setting in SETTINGS)
