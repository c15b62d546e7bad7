"""What the app configures with X-Ray's API: below the environment's variables, and in effect at once."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from cruddur_tracing.process.decisions import Decisions
from cruddur_tracing.process.settings import TracingSettings
from cruddur_tracing.process.wires import Wires
from cruddur_tracing.resilience.network.address import NOTATIONS, Agent
from cruddur_tracing.xray_sdk.configuration.settings import RecorderSettings, Rules

log = logging.getLogger("cruddur_tracing")


class Configured:
    """Applies the values set by `xray_recorder.configure` and its properties to the decisions and wires."""

    def __init__(self, settings: TracingSettings, decisions: Decisions, wires: Wires) -> None:
        self.made = RecorderSettings()
        self._settings = settings
        self._decisions = decisions
        self._wires = wires

    def change(self, changed: RecorderSettings) -> None:
        """Apply the values that were set; None was not set."""
        given = {name: value for name, value in changed._asdict().items() if value is not None}
        self.made = self.made._replace(**given)
        for name, value in given.items():
            effect = _EFFECTS.get(name)
            if effect is not None:
                effect(self, value)
        self._decisions.forget()  # the names of segments

    def _sampling(self, value: bool) -> None:
        self._decisions.choose(every_trace=not value)

    def _sampler(self, value: Any) -> None:
        self._decisions.choose(recorder=None if isinstance(value, Rules) else value)

    def _local_rules(self, value: Mapping[str, Any]) -> None:
        self._decisions.use_local_rules(value)

    def _daemon_address(self, value: str) -> None:
        if self._settings.agent is not None:
            return
        try:
            agent = Agent.parse(value)
        except ValueError:
            log.warning(
                "xray_recorder: daemon_address: %r: expected %s; the agent is still %s",
                value,
                NOTATIONS,
                self._wires.agent,
            )
            return
        self._wires.change_agent(agent)
        self._decisions.change_agent(agent.tcp)

    def _plugins(self, _value: Any) -> None:
        self._wires.describe(self.made.origin, self.made.aws)

    def _enabled(self, value: bool) -> None:
        if self._settings.segments is None:
            self._wires.switch_segments(on=value)


_EFFECTS: Final[Mapping[str, Callable[[Configured, Any], None]]] = {
    "sampling": Configured._sampling,
    "sampler": Configured._sampler,
    "sampling_rules": Configured._local_rules,
    "daemon_address": Configured._daemon_address,
    "origin": Configured._plugins,
    "aws": Configured._plugins,
    "enabled": Configured._enabled,
}
