"""Checks WEB_CONCURRENCY before gunicorn does: gunicorn reads it while it is imported and dies by a traceback.

Called by `opentelemetry-instrument`, as the entry point `opentelemetry_pre_instrument`, in every process that it
starts; it acts in gunicorn's only. It imports nothing but the standard library unless the start is going to fail:
what imports Flask here would keep OpenTelemetry from instrumenting it.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "WEB_CONCURRENCY"


def check() -> None:
    """End the process by one line on stderr, exit status 2, if gunicorn cannot be imported with the environment."""
    if Path(sys.argv[0]).name == "gunicorn" and not readable(os.environ):
        from cruddur import settings

        try:
            settings.load(os.environ)
        except SystemExit:
            # Python is still starting: an exception here would be printed as a fatal error of the interpreter.
            sys.stderr.flush()
            os._exit(2)


def readable(environ: MutableMapping[str, str]) -> bool:
    """Tell whether gunicorn can read the variable; one that is empty means the default, so it is taken out."""
    if not environ.get(VARIABLE, "").strip():
        environ.pop(VARIABLE, None)
        return True
    try:
        int(environ[VARIABLE])
    except ValueError:
        return False
    return True
