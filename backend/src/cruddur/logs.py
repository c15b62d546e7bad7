"""JSON lines: everything the service says goes to stderr, the access log to stdout.

Called by the entries (`wsgi.py` and gunicorn's logger). It never decides what is logged.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from flask import has_request_context, request

from cruddur.trace_reference import TRACE_KEY

ACCESS_LOGGER = "cruddur.access"


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON: time, level, event, logger, pid, and the `fields` given through `extra`.

    What is logged while a request is handled also names the request's trace.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line without its end."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            "pid": record.process,
        }
        trace = request.environ.get(TRACE_KEY) if has_request_context() else None
        if trace is not None:
            entry["trace_id"] = trace.xray_id
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure(level: str, *, out: TextIO | None = None, err: TextIO | None = None) -> None:
    """Send all records of `level` and above as JSON to `err`, the access log to `out`; again is harmless."""
    logging.root.setLevel(level.upper())
    _replace_handler(logging.root, err or sys.stderr)
    access = logging.getLogger(ACCESS_LOGGER)
    access.setLevel(logging.INFO)
    access.propagate = False
    _replace_handler(access, out or sys.stdout)


def _replace_handler(logger: logging.Logger, stream: TextIO) -> None:
    for handler in list(logger.handlers):
        if isinstance(handler.formatter, JsonFormatter):
            logger.removeHandler(handler)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
