"""What the tests have measured, kept in build/e2e/results.json for the documents."""

import fcntl
import json
from collections.abc import Mapping
from typing import Any

from tools.provide import ROOT

FOLDER = ROOT / "build/e2e"
FILE = FOLDER / "results.json"


def note(part: str, found: Mapping[str, Any]) -> None:
    """Add to a part of the results, which several processes write."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FILE.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = json.loads(file.read() or "{}")
        known[part] = known.get(part, {}) | found
        file.truncate(0)
        file.write(json.dumps(known, indent=2, sort_keys=True) + "\n")
