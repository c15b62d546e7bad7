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
    "trace-row": "/traces/{trace}?row=row-3",
    "trace-views": "/traces/{trace}?calls=all&only=errors&find=fraud&zoom=0-60000",
    "compare": "/traces/{trace}/compare/{trace}",
    "compare-with": "/traces/{trace}/compare",
    "services": "/services",
    "services-failures": "/services?show=failures",
    "service": "/services/storefront",
    "groups": "/groups",
    "sampling": "/sampling?method=POST&host=storefront.internal&path=/checkout&service=storefront"
    "&type=AWS::EKS::Container&rate=40",
    "sampling-rule": "/sampling?rule=storefront-all",
    "rehearsal": "/sampling?rehearse=1&range=all&rate.storefront-all=5&without.checkout=1",
    "start": "/start?send=example",
    "clear": "/clear",
    "refused": "/refused",
    "help": "/help",
}
"""Addresses by names."""

VARIANTS = frozenset(
    {
        "traces-filtered",
        "mistake",
        "group",
        "trace-row",
        "trace-views",
        "compare-with",
        "services-failures",
        "sampling-rule",
        "clear",
        "help",
    }
)
"""Other states of a page, and a page of text only, which are tested but have no picture."""


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
