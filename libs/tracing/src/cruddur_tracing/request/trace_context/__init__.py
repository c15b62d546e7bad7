"""The trace context of an incoming request: its headers, and the app's propagators."""
