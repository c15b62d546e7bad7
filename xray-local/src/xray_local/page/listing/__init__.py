"""The list of traces: what is slow, what fails and why, and a field that finds any of it."""
