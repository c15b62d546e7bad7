"""The probes: `/healthz` for liveness and `/readyz` for readiness. They are never traced."""

from flask import Blueprint

from cruddur.readiness import Readiness

HEALTHZ = "/healthz"
READYZ = "/readyz"
PATHS = frozenset({HEALTHZ, READYZ})


def blueprint(readiness: Readiness) -> Blueprint:
    """Return the probes' routes."""
    routes = Blueprint("health", __name__)

    @routes.get(HEALTHZ)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get(READYZ)
    def readyz() -> tuple[dict[str, str], int]:
        return ({"status": "ok"}, 200) if readiness.ready else ({"status": "draining"}, 503)

    return routes
