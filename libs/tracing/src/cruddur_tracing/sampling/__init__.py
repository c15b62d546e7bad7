"""X-Ray's sampling rules without the X-Ray SDK: fetched from an agent's TCP port, applied in the process, reported.

`RemoteRules` decides about requests; `sampler` is the OpenTelemetry sampler of the name `xray`, and the only module
here that imports OpenTelemetry. Importing this package starts nothing.
"""

from cruddur_tracing.sampling.anomalies import CaptureLimit, is_anomaly
from cruddur_tracing.sampling.remote import RemoteRules
from cruddur_tracing.sampling.rule_state import Decision
from cruddur_tracing.sampling.settings import (
    SamplingSettings,
    SamplingSettingsError,
    Schedule,
    read_settings,
)

__all__ = [
    "CaptureLimit",
    "Decision",
    "RemoteRules",
    "SamplingSettings",
    "SamplingSettingsError",
    "Schedule",
    "is_anomaly",
    "read_settings",
]
