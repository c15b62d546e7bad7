"""The stand-in's samplers: local rules, and the one that stands for X-Ray's rules."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from cruddur_tracing.xray_sdk.errors import InvalidSamplingManifestError
from xray_model.matching import matches_pattern

DEFAULT_RULES: Final = {"version": 2, "rules": [], "default": {"fixed_target": 1, "rate": 0.05}}


class LocalRule:
    """One local rule: so many traces a second, and a share of the others."""

    def __init__(self, rule: Mapping[str, Any], version: int, clock: Callable[[], float]) -> None:
        host = "service_name" if version == 1 else "host"
        self.patterns = {"host": rule.get(host), "method": rule.get("http_method"), "path": rule.get("url_path")}
        self._target: int = rule.get("fixed_target", 0)
        self._rate: float = rule.get("rate", 0.0)
        if self._target < 0 or self._rate < 0:
            raise InvalidSamplingManifestError(f"{dict(rule)}: expected fixed_target and rate of at least 0")
        self._clock = clock
        self._lock = threading.Lock()
        self._second = self._taken = 0

    def applies(self, request: Mapping[str, Any]) -> bool:
        """Return whether it is the rule for a request; what is not known of a request matches."""
        return all(
            not request.get(name) or matches_pattern(pattern or "*", str(request[name]))
            for name, pattern in self.patterns.items()
        )

    def samples(self) -> bool:
        """Decide about one trace."""
        with self._lock:
            second = int(self._clock())
            if second != self._second:
                self._second, self._taken = second, 0
            if self._taken < self._target:
                self._taken += 1
                return True
        return random.random() < self._rate  # noqa: S311 - a share, not a secret


class LocalSampler:
    """Decides by local rules alone. Raises InvalidSamplingManifestError for rules that it cannot read."""

    def __init__(self, rules: Mapping[str, Any] = DEFAULT_RULES, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.load_local_rules(rules)

    def load_local_rules(self, rules: Mapping[str, Any]) -> None:
        """Replace the rules."""
        version = rules.get("version")
        if version not in (1, 2):
            raise InvalidSamplingManifestError(f"version: {version!r}: expected 1 or 2")
        if "default" not in rules:
            raise InvalidSamplingManifestError("a default rule must be provided")
        self._rules = [LocalRule(rule, version, self._clock) for rule in rules.get("rules") or ()]
        self._default = LocalRule(rules["default"], version, self._clock)

    def should_trace(self, sampling_req: Mapping[str, Any] | None = None) -> bool:
        """Decide about a new trace."""
        request = sampling_req or {}
        matching = next((rule for rule in self._rules if rule.applies(request)), self._default)
        return (matching if sampling_req else self._default).samples()


class DefaultSampler:
    """X-Ray's rules, by the name of the SDK's sampler: the recorder puts its own in its place."""
