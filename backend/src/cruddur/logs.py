"""Logging as JSON lines: the access log to stdout, everything else to stderr."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from flask import has_request_context, request

from cruddur.trace_reference import TRACE_KEY

ACCESS_LOGGER = "cruddur.access"


class JsonFormatter(logging.Formatter):
    """One record as one line of JSON: time, level, event, logger, pid, and the `fields` from `extra`.

    Records logged during a request also have its trace id.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without a newline."""
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
    """Send all records of `level` and above as JSON to `err`, the access log to `out`; safe to repeat."""
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
