"""Readiness."""

from cruddur.readiness import Readiness


def test_an_app_that_nobody_serves_yet_is_ready() -> None:
    """Without a server's word nothing speaks against requests."""
    assert Readiness().ready


def test_readiness_follows_the_server() -> None:
    """It ends as soon as the server says that it is stopping."""
    serving = [True, False]
    readiness = Readiness()
    readiness.follow(lambda: serving.pop(0))
    assert (readiness.ready, readiness.ready) == (True, False)
