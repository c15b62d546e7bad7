"""gunicorn's logger as JSON lines on stderr, without an access log."""

from typing import Any

from gunicorn.glogging import Logger

from cruddur import logs


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """The server's messages in the service's format; the app writes the access log."""

    def setup(self, cfg: Any) -> None:
        """Set up the loggers, at the start and after SIGHUP."""
        super().setup(cfg)
        logs.configure(cfg.loglevel)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.JsonFormatter())

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Write nothing."""
