"""The activities' routes: home, notifications, a user's activities, and optionally one that fails on purpose.

Each route returns the result of a service as JSON; the services record spans and subsegments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aws_xray_sdk.core import AWSXRayRecorder
from flask import Blueprint
from opentelemetry.trace import Tracer
from werkzeug.exceptions import NotFound

from cruddur.errors import BlankHandle
from cruddur.services.activity import Activity
from cruddur.services.failing_activities import failing_activities
from cruddur.services.home_activities import home_activities
from cruddur.services.user_activities import user_activities
from cruddur.services.user_notifications import user_notifications

PREFIX = "/api/activities"


@dataclass(frozen=True, slots=True)
class Recorders:
    """The services' recorders: OpenTelemetry's tracer and the X-Ray SDK's recorder."""

    tracer: Tracer
    xray: AWSXRayRecorder


def blueprint(recorders: Recorders, clock: Callable[[], datetime], *, fail_route: bool) -> Blueprint:
    """Return the activities' routes; the failing one only if `fail_route`."""
    routes = Blueprint("activities", __name__, url_prefix=PREFIX)
    captured_notifications = recorders.xray.capture("user_notifications")(user_notifications)

    @routes.get("/home")
    def home() -> list[Activity]:
        return home_activities(recorders.tracer, clock())

    @routes.get("/notifications")
    def notifications() -> list[Activity]:
        result: list[Activity] = captured_notifications(recorders.xray, clock)
        return result

    # "@" alone needs its own route: a path converter never matches an empty string.
    @routes.get("/@", defaults={"handle": ""})
    @routes.get("/@<handle>")
    def of_user(handle: str) -> list[Activity]:
        if not handle.strip():
            raise BlankHandle
        found = user_activities(recorders.xray, handle.strip(), clock())
        if found is None:
            raise NotFound("No user has this handle.")
        return found

    if fail_route:
        routes.get("/fail")(lambda: failing_activities(recorders.tracer, recorders.xray))
    return routes
