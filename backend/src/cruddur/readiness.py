"""The app's readiness: gunicorn's hooks set its source, `/readyz` reports it."""

from collections.abc import Callable
from typing import ClassVar


class Readiness:
    """Ready until the server begins to stop."""

    EXTENSION: ClassVar[str] = "cruddur.readiness"

    def __init__(self) -> None:
        self._serving: Callable[[], bool] | None = None

    def follow(self, serving: Callable[[], bool]) -> None:
        """Use `serving` as the source; it returns False once the server has begun to stop."""
        self._serving = serving

    @property
    def ready(self) -> bool:
        """Whether the app accepts new requests."""
        return self._serving is None or self._serving()
