"""gunicorn's configuration for the loss benchmark: a worker that exits writes what cruddur_tracing has counted."""

import atexit
import json
import os
from pathlib import Path
from typing import Any


def worker_exit(server: object, worker: Any) -> None:  # noqa: ARG001 (gunicorn looks at the names)
    """Let the recorders flush now, as they would a moment later, and then write the counts to BENCH_COUNTS/PID.json."""
    atexit._run_exitfuncs()
    app = getattr(worker, "wsgi", None)
    extension = getattr(app, "extensions", {}).get("cruddur_tracing")
    counts = dict(extension.counts) if extension is not None else None
    Path(os.environ["BENCH_COUNTS"], f"{os.getpid()}.json").write_text(json.dumps(counts))
