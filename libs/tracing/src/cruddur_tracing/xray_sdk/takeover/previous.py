"""What an app had configured in the SDK's own recorder before it was taken over."""

from typing import Any, Final
from urllib.parse import urlsplit

from aws_xray_sdk import global_sdk_config

from cruddur_tracing.xray_sdk.configuration.configurable import SDK_PACKAGE, TRACE_BACK, agent_address
from cruddur_tracing.xray_sdk.configuration.settings import RecorderSettings, warn_without_effect

DEFAULT_ADDRESS: Final = "127.0.0.1:2000"
DEFAULT_STREAMING: Final = 30
DEFAULT_RULES: Final[dict[str, Any]] = {"version": 2, "rules": [], "default": {"fixed_target": 1, "rate": 0.05}}


def settings_of(recorder: Any) -> RecorderSettings:
    """Return what differs from the SDK's defaults; warn of what has no effect here."""
    _warn(recorder)
    sampler = recorder._sampler
    central = type(sampler).__name__ == "DefaultSampler"
    return RecorderSettings(
        enabled=None if global_sdk_config.sdk_enabled() else False,
        service=recorder._service or None,
        daemon_address=_daemon_address(recorder),
        sampling=None if recorder._sampling else False,
        sampler=None if central else sampler,
        sampling_rules=_local_rules(sampler) if central else None,
        dynamic_naming=recorder._dynamic_naming,
        origin=recorder._origin,
        aws={block: found for block, found in recorder._aws_metadata.items() if block != "xray"} or None,
        max_trace_back=None if recorder._max_trace_back == TRACE_BACK else recorder._max_trace_back,
    )


def _warn(recorder: Any) -> None:
    for argument in ("context", "emitter", "streaming"):
        if not type(getattr(recorder, f"_{argument}")).__module__.startswith(SDK_PACKAGE):
            warn_without_effect(argument)
    if getattr(recorder._streaming, "streaming_threshold", DEFAULT_STREAMING) != DEFAULT_STREAMING:
        warn_without_effect("streaming_threshold")


def _daemon_address(recorder: Any) -> str | None:
    """Return the agent's addresses; None where they are the default."""
    udp = agent_address(recorder._emitter)
    if udp is None:
        return None
    client = getattr(getattr(recorder._sampler, "_connector", None), "_xray_client", None)
    tcp = urlsplit(client.meta.endpoint_url).netloc if client is not None else udp
    if udp == tcp:
        return None if udp == DEFAULT_ADDRESS else udp
    return f"tcp:{tcp} udp:{udp}"


def _local_rules(sampler: Any) -> dict[str, Any] | None:
    """Return the local rules of the SDK's sampler; None where they are the default."""
    local = sampler._local_sampler
    rules = {
        "version": 2,
        "rules": [
            {"host": rule.host, "http_method": rule.method, "url_path": rule.path, **_rate(rule)}
            for rule in local._rules
        ],
        "default": _rate(local._default_rule),
    }
    return None if rules == DEFAULT_RULES else rules


def _rate(rule: Any) -> dict[str, Any]:
    return {"fixed_target": rule.fixed_target, "rate": rule.rate}
