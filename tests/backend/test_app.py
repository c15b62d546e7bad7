"""The whole app in this process, without tracing: routes, responses, limits."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from cruddur.app import create_app
from cruddur.readiness import Readiness
from cruddur.routes.health import PATHS
from cruddur.settings import Settings
from cruddur_tracing import TracingSettings

HOME, FAIL = "/api/activities/home", "/api/activities/fail"


@pytest.fixture
def client(xray_off: TracingSettings, clock: Callable[[], datetime]) -> FlaskClient:
    """Return a client of the app with default settings."""
    return create_app(Settings(max_body_bytes=10), tracing=xray_off, clock=clock).test_client()


@pytest.mark.parametrize(
    ("path", "handles"),
    [
        (HOME, ["andrewbrown", "worf", "garek"]),
        ("/api/activities/notifications", ["coco"]),
        ("/api/activities/@worf", ["worf"]),
        ("/api/activities/@%20worf%20", ["worf"]),
    ],
)
def test_a_route_returns_its_activities(client: FlaskClient, path: str, handles: list[str]) -> None:
    """The response is a JSON list of activities that caches must not store."""
    response = client.get(path)
    assert (response.status_code, [activity["handle"] for activity in response.get_json()]) == (200, handles)
    assert set(response.get_json()[0]) >= {"uuid", "handle", "message", "created_at", "expires_at", "replies"}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/api/activities/@nobody", 404, "not_found"),
        ("/api/activities/@", 422, "blank_user_handle"),
        ("/api/activities/@%20", 422, "blank_user_handle"),
        ("/api/activities/@%20%09", 422, "blank_user_handle"),
        ("/api/activities/@a/b", 404, "not_found"),
        ("/api/activities/@%FF%00", 404, "not_found"),
        ("/api/activities", 404, "not_found"),
        (FAIL, 404, "not_found"),
    ],
)
def test_an_unknown_resource_is_an_error_in_json(client: FlaskClient, path: str, status: int, error: str) -> None:
    """Unknown and blank handles fail, and so does the failing route unless it is enabled."""
    response = client.get(path)
    assert (response.status_code, response.get_json()["error"]) == (status, error)


def test_the_failing_route_fails_if_it_is_enabled(xray_off: TracingSettings) -> None:
    """The response is a 500 in JSON."""
    response = create_app(Settings(fail_route=True), tracing=xray_off).test_client().get(FAIL)
    assert (response.status_code, response.get_json()["error"]) == (500, "internal_server_error")


def test_other_methods_are_rejected(client: FlaskClient) -> None:
    """405 lists the allowed method."""
    response = client.delete(HOME)
    assert (response.status_code, response.get_json()["error"]) == (405, "method_not_allowed")
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(("body", "status"), [(b"x" * 11, 413), (b"x" * 10, 200)])
def test_a_large_body_is_rejected(client: FlaskClient, body: bytes, status: int) -> None:
    """The setting's limit applies even if no route reads the body."""
    assert client.get(HOME, data=body).status_code == status


def test_readiness_follows_the_server(client: FlaskClient) -> None:
    """The process stays healthy after it has stopped accepting requests."""
    assert client.get("/readyz").status_code == 200
    client.application.extensions[Readiness.EXTENSION].follow(lambda: False)
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()) == (503, {"status": "draining"})
    assert client.get("/healthz").status_code == 200


def test_the_tracing_excludes_the_probes() -> None:
    """The tracing's default exclusions are the probes' paths."""
    assert frozenset(TracingSettings().excluded_paths) == PATHS


def test_two_apps_share_no_state(xray_off: TracingSettings) -> None:
    """Draining one app does not affect another."""
    first, second = (create_app(Settings(), tracing=xray_off) for _ in range(2))
    first.extensions[Readiness.EXTENSION].follow(lambda: False)
    assert second.test_client().get("/readyz").status_code == 200
