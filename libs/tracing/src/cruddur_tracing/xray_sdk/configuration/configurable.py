"""The configuration of the recorder: `configure()` and the properties. Each change takes effect, or is warned of.

The private names are those of aws_xray_sdk's recorder: its extensions read some of them.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from cruddur_tracing.xray_sdk.configuration import plugins as sdk_plugins
from cruddur_tracing.xray_sdk.configuration.settings import (
    NO_WIRING,
    TRACING_NAME,
    DefaultDynamicNaming,
    Emitter,
    RecorderSettings,
    Rules,
    Streaming,
    Wiring,
    warn_without_effect,
)
from cruddur_tracing.xray_sdk.recorder.context import CONTEXT_MISSING, Context

TRACE_BACK: Final = 10
SDK_PACKAGE: Final = "aws_xray_sdk."


class Configurable:
    """What a recorder is configured with, and the process that it serves."""

    def __init__(self) -> None:
        self._wiring = NO_WIRING
        self._configured = RecorderSettings()
        self._batch: dict[str, Any] | None = None
        self._service: str | None = os.environ.get(TRACING_NAME)
        self._context = Context()
        self._sampling: Any = True
        self._sampler: Any = Rules(self)
        self._emitter: Any = Emitter(self)
        self._streaming: Any = Streaming()
        self._dynamic_naming: Any = None
        self._max_trace_back = TRACE_BACK
        self._stream_sql: Any = True
        self._origin: str | None = None
        self._aws_metadata: dict[str, Any] = {}

    @property
    def wiring(self) -> Wiring:
        """The process that it serves."""
        return self._wiring

    def wire(self, wiring: Wiring) -> None:
        """Serve a process, and report to it what the app has configured until now."""
        self._wiring = wiring
        if self._configured:
            wiring.on_configure(self._configured)

    def adopt(self, settings: RecorderSettings) -> None:
        """Take over what the app had configured in another recorder."""
        self._configured = settings
        self._service = settings.service
        self._sampling = settings.sampling is None
        self._sampler = settings.sampler or self._sampler
        self._dynamic_naming = settings.dynamic_naming
        self._origin = settings.origin
        self._aws_metadata = dict(settings.aws or {})
        self._max_trace_back = TRACE_BACK if settings.max_trace_back is None else settings.max_trace_back

    def changed(self, **settings: Any) -> None:
        """Report what the app has configured; inside `configure` together with its other arguments."""
        self._configured = self._configured._replace(**settings)
        if self._batch is not None:
            self._batch |= settings
        else:
            self.wiring.on_configure(RecorderSettings(**settings))

    def configure(  # noqa: PLR0913, PLR0917 - the SDK's
        self,
        sampling: Any = None,
        plugins: Iterable[str] | None = None,
        context_missing: str | None = None,
        sampling_rules: Mapping[str, Any] | str | None = None,
        daemon_address: str | None = None,
        service: str | None = None,
        context: Any = None,
        emitter: Any = None,
        streaming: Any = None,
        dynamic_naming: Any = None,
        streaming_threshold: int | None = None,
        max_trace_back: int | None = None,
        sampler: Any = None,
        stream_sql: Any = True,
    ) -> None:
        """Configure the recorder, as aws_xray_sdk's `configure` does; a None changes nothing.

        AWS_XRAY_TRACING_NAME, AWS_XRAY_DAEMON_ADDRESS and AWS_XRAY_CONTEXT_MISSING take precedence.
        """
        self._batch = {}
        try:
            self._set_all(
                sampling=sampling,
                sampler=sampler,
                service=os.environ.get(TRACING_NAME, service) if service else None,
                emitter=emitter,
                context=context,
                dynamic_naming=dynamic_naming,
                streaming=streaming,
                streaming_threshold=streaming_threshold,
                max_trace_back=max_trace_back,
                stream_sql=stream_sql,
            )
            self._apply(sampling_rules, daemon_address, context_missing, plugins)
        finally:
            batch, self._batch = self._batch, None
        if batch:
            self.wiring.on_configure(RecorderSettings(**batch))

    def _apply(
        self,
        sampling_rules: Mapping[str, Any] | str | None,
        daemon_address: str | None,
        context_missing: str | None,
        plugins: Iterable[str] | None,
    ) -> None:
        if sampling_rules:
            self._load_sampling_rules(sampling_rules)
        if daemon_address:
            self._emitter.set_daemon_address(daemon_address)
        if context_missing:
            self._context.context_missing = os.environ.get(CONTEXT_MISSING, context_missing)
        if plugins is not None:
            self._run_plugins(plugins)

    def _set_all(self, **properties: Any) -> None:
        for name, value in properties.items():
            if value is not None and value != "":
                setattr(self, name, value)

    def _load_sampling_rules(self, rules: Mapping[str, Any] | str) -> None:
        if not isinstance(rules, Mapping):
            rules = json.loads(Path(rules).read_text())
        self._sampler.load_local_rules(rules)

    def _run_plugins(self, plugins: Iterable[str]) -> None:
        self._origin, self._aws_metadata = sdk_plugins.run(plugins)
        self.changed(origin=self._origin, aws=self._aws_metadata)

    @property
    def service(self) -> str | None:
        """The name of a segment that is begun without one."""
        return self._service or self.wiring.service()

    @service.setter
    def service(self, value: str | None) -> None:
        self._service = value
        self.changed(service=value)

    @property
    def sampling(self) -> Any:
        """Whether the rules decide; if not, every new trace is recorded."""
        return self._sampling

    @sampling.setter
    def sampling(self, value: Any) -> None:
        self._sampling = value
        self.changed(sampling=bool(value))

    @property
    def sampler(self) -> Any:
        """What decides about new traces."""
        return self._sampler

    @sampler.setter
    def sampler(self, value: Any) -> None:
        if type(value).__name__ == "DefaultSampler":
            value = Rules(self)  # it decides by the same rules, with threads of its own
        self._sampler = value
        self.changed(sampler=None if isinstance(value, Rules) else value)

    @property
    def dynamic_naming(self) -> Any:
        """What names the segment of a request by its host."""
        return self._dynamic_naming

    @dynamic_naming.setter
    def dynamic_naming(self, value: Any) -> None:
        self._dynamic_naming = DefaultDynamicNaming(value, self.service) if isinstance(value, str) else value
        self.changed(dynamic_naming=self._dynamic_naming)

    @property
    def context(self) -> Context:
        """The current segment or subsegment."""
        return self._context

    @context.setter
    def context(self, value: Any) -> None:
        if isinstance(value, Context):
            self._context = value
            return
        if not type(value).__module__.startswith(SDK_PACKAGE):
            warn_without_effect("context")
        self._context.context_missing = getattr(value, "context_missing", None) or self._context.context_missing

    @property
    def emitter(self) -> Any:
        """Where segments go: to the wires."""
        return self._emitter

    @emitter.setter
    def emitter(self, value: Any) -> None:
        address = agent_address(value)
        if address is not None:
            self._emitter.set_daemon_address(address)
        elif not isinstance(value, Emitter):
            warn_without_effect("emitter")

    @property
    def streaming(self) -> Any:
        """How large traces are divided: by the wires."""
        return self._streaming

    @streaming.setter
    def streaming(self, _value: Any) -> None:
        warn_without_effect("streaming")

    @property
    def streaming_threshold(self) -> int:
        """The SDK's default; it has no effect."""
        return int(self._streaming.streaming_threshold)

    @streaming_threshold.setter
    def streaming_threshold(self, _value: int) -> None:
        warn_without_effect("streaming_threshold")

    @property
    def max_trace_back(self) -> int:
        """How many frames of an exception are recorded."""
        return self._max_trace_back

    @max_trace_back.setter
    def max_trace_back(self, value: int) -> None:
        if type(value) is int and value >= 0:
            self._max_trace_back = value
            self.changed(max_trace_back=value)

    @property
    def enabled(self) -> bool:
        """Return True: calls are recorded."""
        return True

    @enabled.setter
    def enabled(self, _value: bool) -> None:
        warn_without_effect("enabled")

    @property
    def stream_sql(self) -> Any:
        """Whether the SDK's extensions record the text of queries."""
        return self._stream_sql

    @stream_sql.setter
    def stream_sql(self, value: Any) -> None:
        self._stream_sql = value


def agent_address(emitter: Any) -> str | None:
    """Return the address that a UDPEmitter of the SDK sends to, None for any other."""
    if type(emitter).__name__ != "UDPEmitter":
        return None
    return f"{emitter.ip}:{emitter.port}"
