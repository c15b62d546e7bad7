"""XRayMiddleware in a Flask app: taken out if it is there, and without effect if it comes later."""

import logging
from typing import Any

import flask.templating
import pytest
from aws_xray_sdk.core import AWSXRayRecorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask, render_template_string

from cruddur_tracing.xray_sdk.takeover.flask_middleware import remove_middleware
from tests.tracing.xray_sdk.conftest import Process


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore Flask's function that renders templates."""
    monkeypatch.setattr(flask.templating, "_render", flask.templating._render)


def hooks(app: Flask) -> list[Any]:
    """Return the hooks of an app."""
    registered = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    return [hook for functions in registered for hook in functions.get(None, [])]


@pytest.mark.usefixtures("restored")
def test_its_hooks_are_taken_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cruddur_tracing")
    app = Flask("shop")
    render = flask.templating._render
    app.before_request(lambda: None)
    own = hooks(app)
    recorder = AWSXRayRecorder()
    XRayMiddleware(app, recorder)
    XRayMiddleware(app, recorder)
    recorder.emitter._socket.close()
    assert len(hooks(app)) == 7
    assert remove_middleware(app)
    assert not remove_middleware(app)
    assert hooks(app) == own
    assert flask.templating._render is render
    assert [record.message for record in caplog.records if record.name == "cruddur_tracing"] == [
        "XRayMiddleware is taken over: its requests are recorded once, on both wires"
    ]


def test_an_app_without_it_stays_as_it_is() -> None:
    app = Flask("shop")
    app.teardown_request(lambda error: None)
    assert not remove_middleware(app)
    assert len(hooks(app)) == 1


@pytest.mark.usefixtures("restored")
def test_a_later_one_has_no_effect(sdk: Any, process: Process, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cruddur_tracing")
    app = Flask("shop")
    render = flask.templating._render
    XRayMiddleware(app, sdk)
    assert hooks(app) == []
    assert flask.templating._render is render
    assert process.flask_apps == [app]
    assert [record.message for record in caplog.records] == [
        "XRayMiddleware is taken over: it registers nothing in the app 'shop'"
    ]
    with process.request(), app.test_request_context():
        assert render_template_string("hello") == "hello"
