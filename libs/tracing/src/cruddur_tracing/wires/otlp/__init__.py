"""Sends spans to an OTLP backend over HTTP: encoded when they end, kept up to a number of bytes, sent by one thread.

A request encodes its own spans, so that the thread only copies bytes to a socket. A span is sent at most 200 ms after
it has ended. While the backend is unreachable, spans wait; those that are dropped or refused are counted.
"""
