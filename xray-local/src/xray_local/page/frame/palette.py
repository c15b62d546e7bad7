"""The colour of each service: one of ten classes, `s0` to `s9`, the same on all pages of a process."""

from zlib import crc32

COLOURS = 10


class Palette:
    """Colours in the order in which services are first seen; the ten colours known, a name decides its own."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def colour(self, service: str) -> str:
        """Return the CSS class of a service."""
        number = self._known.get(service)
        if number is None:
            number = len(self._known)
            if number == COLOURS:
                return f"s{crc32(service.encode('utf-8', 'replace')) % COLOURS}"
            self._known[service] = number
        return f"s{number}"
