"""The app of the request benchmark: one route with about 1.8 KB of JSON, traced according to BENCH_RECORDERS.

`none`: no tracing. `xray`: aws_xray_sdk's own Flask middleware. `ours`: cruddur_tracing. OpenTelemetry's stock
recorder needs no code here: opentelemetry-instrument patches Flask.
"""

import os

from flask import Flask

ACTIVITIES = [
    {"uuid": f"68f126b0-1ceb-4a33-88be-{number:012x}", "handle": "andrewbrown", "message": "Cloud is fun! " * 7}
    for number in range(10)
]


def create_app(recorders: str) -> Flask:
    """Return the app with the recorders that need code in the app."""
    app = Flask("bench")
    if recorders == "xray":
        from aws_xray_sdk.core import xray_recorder
        from aws_xray_sdk.ext.flask.middleware import XRayMiddleware

        xray_recorder.configure(service="backend-flask")
        XRayMiddleware(app, xray_recorder)
    elif recorders == "ours":
        from cruddur_tracing import install

        install(app)

    @app.get("/")
    def activities() -> list[dict[str, str]]:
        return ACTIVITIES

    return app


app = create_app(os.environ.get("BENCH_RECORDERS", "none"))
