"""Joins an OpenTelemetry that the app has set up: its provider's spans are recorded here, its exporters get them."""
