"""Whether the app wants requests. Asked by `/readyz`; told by gunicorn's hooks. It never ends a process."""

from collections.abc import Callable
from typing import ClassVar


class Readiness:
    """Ready until whoever serves the app says otherwise."""

    EXTENSION: ClassVar[str] = "cruddur.readiness"

    def __init__(self) -> None:
        self._serving: Callable[[], bool] | None = None

    def follow(self, serving: Callable[[], bool]) -> None:
        """Ask `serving` from now on; it is false once the server has begun to stop."""
        self._serving = serving

    @property
    def ready(self) -> bool:
        """Whether new requests are welcome."""
        return self._serving is None or self._serving()
