"""The help: the keys of all pages."""

from xray_local.page.frame.exchange import Page, PageRequest

KEYS = (
    (("/",), "move to the field"),
    (("?",), "show these keys"),
    (("j", "k"), "the next trace of the list or row of a trace, the previous one"),
    (("Enter",), "open the trace, or the row beside the list of rows"),
    (("[", "]"), "in a trace: the trace before it in its list, the one after it"),
    (("u",), "in a trace: back to its row in the list"),
    (("h", "l"), "in a trace: fold the row or go to the row above it, unfold it or go on"),
    (("Esc",), "in a trace: close the row"),
    (("e",), "in a trace: the next row that failed"),
    (("c",), "in a trace: the critical path only, or all rows again"),
    (("/", "n", "N"), "in a trace: find rows, the next one found, the previous one"),
    (("z", "y"), "in a trace: zoom to the row, copy the link to it"),
)
"""Keys and what they do, on every page and then by page."""


async def show(_request: PageRequest) -> Page:
    """Show the keys."""
    data = {"keys": [{"keys": keys, "meaning": meaning} for keys, meaning in KEYS]}
    return Page(title="Help", section="", template="help.html", context={"keys": KEYS}, data=data, parts=("keys",))
