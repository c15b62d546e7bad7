"""The trace context that a request brings: its headers, and the propagators of the app."""
