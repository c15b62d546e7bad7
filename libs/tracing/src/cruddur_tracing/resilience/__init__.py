"""What keeps the tracing harmless: failures are counted and logged, and forked processes start anew."""
