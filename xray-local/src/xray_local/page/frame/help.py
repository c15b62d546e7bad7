"""The help: the keys of all pages."""

from xray_local.page.frame.exchange import Page, PageRequest

KEYS = (
    (("/",), "move to the field"),
    (("?",), "this help"),
)
"""Keys and what they do, on every page and then by page."""


async def show(_request: PageRequest) -> Page:
    """Show the keys."""
    data = {"keys": [{"keys": keys, "meaning": meaning} for keys, meaning in KEYS]}
    return Page(title="Help", section="", template="help.html", context={"keys": KEYS}, data=data)
