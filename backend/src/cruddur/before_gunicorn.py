"""Validates WEB_CONCURRENCY before gunicorn, which reads it on import and fails with a traceback.

An entry point of `opentelemetry_pre_instrument`: `opentelemetry-instrument` runs it in every process, and it acts only
in gunicorn's. It imports only the standard library unless the start is going to fail, because importing Flask here
would prevent OpenTelemetry from instrumenting it.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "WEB_CONCURRENCY"


def check() -> None:
    """Exit with status 2 and one line on stderr if gunicorn cannot be imported with this environment."""
    if Path(sys.argv[0]).name == "gunicorn" and not readable(os.environ):
        from cruddur import settings

        try:
            settings.load(os.environ)
        except SystemExit:
            # Python is still starting: an exception here would be printed as a fatal error of the interpreter.
            sys.stderr.flush()
            os._exit(2)


def readable(environ: MutableMapping[str, str]) -> bool:
    """Return whether gunicorn can read the variable; remove an empty one, which means the default."""
    if not environ.get(VARIABLE, "").strip():
        environ.pop(VARIABLE, None)
        return True
    try:
        int(environ[VARIABLE])
    except ValueError:
        return False
    return True
