"""Trace summaries as the JSON text that the store keeps: their members by name."""

import msgspec

from xray_local.traces.summaries import TraceSummary

dump = msgspec.json.Encoder().encode
"""Returns a summary as JSON."""

load = msgspec.json.Decoder(TraceSummary).decode
"""Returns the summary that was dumped as this JSON."""
