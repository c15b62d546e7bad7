"""Makes the unreleased part of CHANGELOG.md the part of a version."""

import re

from tools.release import ReleaseError

_UNRELEASED = re.compile(r"^## Unreleased\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def with_release(text: str, version: str, date: str) -> str:
    """Return the changelog with the part of a version, and an unreleased part that is empty."""
    found = _UNRELEASED.search(text)
    if found is None:
        raise ReleaseError("CHANGELOG.md: expected a heading '## Unreleased'")
    if "\n- " not in found["body"]:
        raise ReleaseError("CHANGELOG.md: Unreleased: expected at least one change")
    return f"{text[: found.start()]}## Unreleased\n\n## {version} - {date}\n{text[found.start('body') :]}"


def notes(text: str, version: str) -> str:
    """Return what the changelog says of a version, for its page."""
    found = re.search(rf"^## {re.escape(version)} - \S+\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ReleaseError(f"CHANGELOG.md: expected a heading '## {version} - DATE'")
    return found[1].strip() + "\n"
