"""The entries of the navigation, in their order; and the themes, which a cookie keeps."""

from typing import Literal, get_args

Theme = Literal["system", "light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
THEME_COOKIE = "theme"

NAVIGATION = (
    ("/", "Traces"),
    ("/rules", "Sampling"),
    ("/groups", "Groups"),
    ("/refused", "Refused"),
)
"""An address and its name; a page names its entry by the address."""


def theme(text: str) -> Theme:
    """Return the theme that a cookie or an address names, the system's if it names none."""
    return next((known for known in THEMES if known == text), "system")


def local(address: str) -> str:
    """Return an address if it is a path of this server, otherwise that of the first page."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_path else "/"
