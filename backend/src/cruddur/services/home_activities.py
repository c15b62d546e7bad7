"""The home page's activities, recorded by OpenTelemetry as two nested spans."""

from datetime import datetime

from opentelemetry.trace import Tracer

from cruddur.services.activity import Activity, home_samples


def home_activities(tracer: Tracer, now: datetime) -> list[Activity]:
    """Return the activities as of `now`; on an exception, the spans record it and close."""
    with tracer.start_as_current_span("home-activities-data") as outer:
        outer.set_attribute("outer", True)
        outer.set_attribute("app.hubabuba", now.isoformat())
        with tracer.start_as_current_span("home-result-activities") as inner:
            inner.set_attribute("inner", True)
            inner.set_attribute("app.hubabuba", now.isoformat())
            results = home_samples(now)
            inner.set_attribute("app.result_length", len(results))
            return results
