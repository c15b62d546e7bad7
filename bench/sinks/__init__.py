"""The sinks that the benchmarks' recorders send to: an agent, an OTLP receiver and the peers' intakes, in one process.

Each counts what it received, by trace and entry, and can be made to refuse, hang, reset or answer 503.
"""
