"""A tour of the operator on a real API server, printed as a terminal would show it."""
