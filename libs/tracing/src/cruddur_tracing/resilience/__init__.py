"""What keeps the tracing harmless: counted failures, restarts in forked processes, and bounded connections."""
