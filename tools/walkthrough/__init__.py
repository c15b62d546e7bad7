"""The operator on a real API server, step by step, printed as a terminal would show it."""
