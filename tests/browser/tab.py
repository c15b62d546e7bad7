"""A page of the browser as the tests of this folder use it."""

from dataclasses import dataclass, field

from playwright.sync_api import Page


@dataclass
class Tab:
    """A page of the browser, with the messages of its console."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Go to a path and return the HTTP status."""
        answer = self.page.goto(f"{self.base}{path}")
        assert answer is not None
        return answer.status
