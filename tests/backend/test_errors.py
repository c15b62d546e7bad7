"""Errors as JSON."""

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from cruddur.errors import BlankHandle, register


@pytest.fixture
def client() -> FlaskClient:
    """Return a client of an app with a route for each kind of error."""
    app = Flask("errors", static_folder=None)
    register(app)

    @app.get("/<int:status>")
    def fails(status: int) -> str:
        abort(status)

    @app.get("/blank")
    def blank() -> str:
        raise BlankHandle

    @app.get("/crash")
    def crash() -> str:
        raise RuntimeError("secret detail")

    @app.get("/folder/")
    def folder() -> str:
        return "folder"

    return app.test_client()


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/none", 404, "not_found"),
        ("/429", 429, "too_many_requests"),
        ("/503", 503, "service_unavailable"),
        ("/blank", 422, "blank_user_handle"),
        ("/crash", 500, "internal_server_error"),
    ],
)
def test_an_error_is_a_json_document(client: FlaskClient, path: str, status: int, error: str) -> None:
    """The code is for programs, the message for users."""
    response = client.get(path)
    assert (response.status_code, response.content_type) == (status, "application/json")
    assert response.get_json()["error"] == error
    assert set(response.get_json()) == {"error", "message"}


def test_a_wrong_method_lists_the_allowed_ones(client: FlaskClient) -> None:
    """405 keeps its Allow header."""
    response = client.post("/blank")
    assert response.get_json()["error"] == "method_not_allowed"
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_crash_reveals_nothing(client: FlaskClient) -> None:
    """The exception's message is only in the log."""
    assert "secret" not in client.get("/crash").get_data(as_text=True)


def test_a_redirect_is_not_an_error(client: FlaskClient) -> None:
    """Werkzeug raises redirects as exceptions; they pass unchanged."""
    assert client.get("/folder").headers["Location"].endswith("/folder/")
