"""gunicorn's settings for the request benchmark with cruddur_tracing: its one line."""

from cruddur_tracing.gunicorn import post_fork

__all__ = ["post_fork"]
