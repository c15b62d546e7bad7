"""The pages of xray-local with the traffic of the shop: their names and addresses, for screenshots and tests."""

import json
import urllib.request
from collections.abc import Mapping
from urllib.parse import quote

FAILING = "ReadTimeoutError"
"""What the field takes for the traces that failed over four services, the newest of which is `{trace}`."""

PAGES: Mapping[str, str] = {
    "traces": "/",
    "traces-filtered": "/?q=5xx&by=service",
    "mistake": "/?q=htp.status+%3D+502",
    "group": "/groups/new?q=fault&name=failed",
    "trace": "/traces/{trace}",
    "groups": "/groups",
    "sampling": "/rules",
    "refused": "/refused",
    "help": "/help",
}
"""Addresses by the names of their screenshots."""


def failing_trace(api: str) -> str:
    """Return the id of the newest trace that failed over four services; LookupError without one."""
    with urllib.request.urlopen(f"{api}/traces.json?q={quote(FAILING)}", timeout=60) as answer:
        traces = json.load(answer)["traces"]
    if not traces:
        raise LookupError(f"{api} has no trace that failed with {FAILING}")
    return str(traces[0]["Id"])


def addresses(api: str) -> dict[str, str]:
    """Return the URL of each page by its name."""
    trace = failing_trace(api)
    return {name: api + path.replace("{trace}", trace) for name, path in PAGES.items()}
