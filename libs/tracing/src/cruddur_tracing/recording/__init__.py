"""The one recording of a trace: the spans that OpenTelemetry's API and X-Ray's both write to.

A span here is an OpenTelemetry span, made for less work than the SDK's; what is written with X-Ray's API is kept beside
its attributes. When a span ends it goes to the wires and to the processors of the app's TracerProvider.
"""
