"""The stand-in's recorders: the global one, and what `AWSXRayRecorder()` makes; all serve the same process."""

import os
from typing import Final

from cruddur_tracing.xray_sdk.configuration.settings import DAEMON_ADDRESS, Wiring
from cruddur_tracing.xray_sdk.recorder.recorder import Recorder


class AWSXRayRecorder(Recorder):
    """A recorder, as an app makes one."""

    @property
    def wiring(self) -> Wiring:
        """The process that the global recorder serves."""
        return self._wiring if self is xray_recorder else xray_recorder.wiring


class AsyncAWSXRayRecorder(AWSXRayRecorder):
    """A recorder, by the name of the SDK's asynchronous one."""


xray_recorder: Final[AsyncAWSXRayRecorder] = AsyncAWSXRayRecorder()


class SDKConfig:
    """AWS_XRAY_SDK_ENABLED and `set_sdk_enabled`: whether segments are sent. The calls are recorded either way."""

    XRAY_ENABLED_KEY = "AWS_XRAY_SDK_ENABLED"

    _enabled = True

    @classmethod
    def sdk_enabled(cls) -> bool:
        """Return whether segments are sent."""
        variable = os.environ.get(cls.XRAY_ENABLED_KEY)
        return cls._enabled if variable is None else variable.lower() not in _OFF

    @classmethod
    def set_sdk_enabled(cls, value: bool) -> None:
        """Switch segments on or off; AWS_XRAY_SDK_ENABLED takes precedence."""
        cls._enabled = bool(value)
        xray_recorder.changed(enabled=cls.sdk_enabled())


_OFF: Final = frozenset({"n", "no", "f", "false", "off", "0"})
global_sdk_config: Final = SDKConfig()


class UDPEmitter:
    """The address of an agent, as the SDK's emitter has it."""

    def __init__(self, daemon_address: str = "127.0.0.1:2000") -> None:
        self.set_daemon_address(daemon_address)

    def set_daemon_address(self, address: str) -> None:
        """Set the agent's address."""
        self.ip, _, self.port = os.environ.get(DAEMON_ADDRESS, address).partition(":")
