"""The bootcamp's app with a readiness path, for the process tests; INSTALL=1 adds `install(app)` at its end."""

import os

from cruddur_tracing import install
from tools.one_trace.bootcamp.app import app

__all__ = ["app"]

app.add_url_rule("/healthz", "healthz", view_func=lambda: "ok")
if os.environ.get("INSTALL"):
    install(app)
