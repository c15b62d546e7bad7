"""The tracing of one process: its sampling decisions, its wires, and the Flask apps that are traced."""
