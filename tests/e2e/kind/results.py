"""What the tests have measured, kept in build/e2e/results.json for the documents."""

import json
from collections.abc import Mapping
from typing import Any

from tools.provide import ROOT

FOLDER = ROOT / "build/e2e"
FILE = FOLDER / "results.json"


def note(part: str, found: Mapping[str, Any]) -> None:
    """Add to a part of the results."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    known[part] = known.get(part, {}) | found
    FILE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
