"""gunicorn's settings for the process tests: the library's one line."""

from cruddur_tracing.gunicorn import post_fork

__all__ = ["post_fork"]
