"""What `opentelemetry-instrument` loads: its defaults, and the tracing of every app of the process."""
