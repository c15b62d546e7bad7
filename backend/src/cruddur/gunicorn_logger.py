"""gunicorn's logger as JSON lines on stderr. Named by `gunicorn.conf.py`; it never writes an access log."""

from typing import Any

from gunicorn.glogging import Logger

from cruddur import logs


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """The server's messages in the service's own form; the app writes the access log itself."""

    def setup(self, cfg: Any) -> None:
        """Set up the loggers, at the start and after SIGHUP."""
        super().setup(cfg)
        logs.configure(cfg.loglevel)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.JsonFormatter())

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Write nothing."""
