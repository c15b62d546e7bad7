"""gunicorn's configuration: `opentelemetry-instrument gunicorn -c gunicorn.conf.py cruddur.wsgi:app`.

gunicorn reads it in its master process, at startup and after SIGHUP. Every value that differs between environments is
in `cruddur.settings`; an invalid one stops the start before any worker is forked.
"""

import os

from cruddur import serving, settings

# The tracing hook: exporters and sampling pollers belong to a worker, not to the master.
from cruddur_tracing.gunicorn import post_fork

__all__ = ["post_fork"]

_settings = settings.load(os.environ)

bind = serving.bind_address(_settings)
workers = _settings.workers
timeout = _settings.request_timeout
graceful_timeout = _settings.graceful_timeout
worker_tmp_dir = settings.heartbeat_folder(_settings)

# Only HTTP and signals control the server; by default gunicorn creates a socket in the home folder.
control_socket_disable = True

limit_request_line = 8190  # bytes; longer lines get 414
limit_request_fields = 64  # headers; more headers, or larger ones, get 431
limit_request_field_size = 8190  # bytes

logger_class = "cruddur.gunicorn_logger.JsonLogger"
loglevel = _settings.log_level
accesslog = None  # the app writes its own, with the trace id

_hooks = serving.Hooks(_settings, os.environ)
on_starting = _hooks.on_starting
when_ready = _hooks.when_ready
on_reload = _hooks.on_reload
post_worker_init = _hooks.post_worker_init
