"""Requests of a service, one each tenth of a second, until the sampler has reported what it counted."""

import time

from opentelemetry import trace

tracer = trace.get_tracer("orders")
for _ in range(150):
    attributes = {"http.request.method": "GET", "url.path": "/orders", "http.target": "/orders", "http.method": "GET"}
    with tracer.start_as_current_span("GET /orders", kind=trace.SpanKind.SERVER, attributes=attributes):
        time.sleep(0.1)
