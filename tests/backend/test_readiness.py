"""Readiness."""

from cruddur.readiness import Readiness


def test_an_app_without_a_server_is_ready() -> None:
    """Without a source, readiness is the default."""
    assert Readiness().ready


def test_readiness_follows_the_server() -> None:
    """The app is not ready once the server is stopping."""
    serving = [True, False]
    readiness = Readiness()
    readiness.follow(lambda: serving.pop(0))
    assert (readiness.ready, readiness.ready) == (True, False)
