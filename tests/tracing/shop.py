"""A small traced app that the process tests serve with gunicorn; `factory()` is what gunicorn is told to call."""

import os

import requests
from flask import Flask, request

from cruddur_tracing import install


def factory() -> Flask:
    """Make the app."""
    app = Flask("shop")
    install(app)

    @app.get("/")
    def home() -> dict[str, int]:
        return {"pid": os.getpid()}

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.get("/call")
    def call() -> dict[str, str]:
        answer: dict[str, str] = requests.get(request.args["url"], timeout=10).json()
        return answer

    return app
