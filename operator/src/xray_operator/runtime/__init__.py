"""The operator's process: it builds the parts, runs kopf's watches, serves probes and metrics, and shuts down."""
