"""gunicorn's configuration for the request benchmark with cruddur_tracing."""

from cruddur_tracing.gunicorn import post_fork

__all__ = ["post_fork"]
