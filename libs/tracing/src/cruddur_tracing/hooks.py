"""One hook of each kind in the app for both recorders: Flask looks at every hook anew in each request.

`install` makes it. The recorders' own hooks, which it calls, never raise.
"""

from typing import Protocol

from flask import Flask, Response


class Part(Protocol):
    """One recorder's side of a request."""

    def begin(self) -> None:
        """Begin recording; called by `before_request`."""

    def after(self, response: Response) -> Response:
        """Describe the response; called by `after_request`."""

    def end(self, error: BaseException | None) -> None:
        """End recording; called by `teardown_request` with what the handler raised."""


class RequestHooks:
    """Calls the parts in their order, and ends them in the opposite one: the second is nested in the first."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._begins = tuple(part.begin for part in parts)
        self._afters = tuple(part.after for part in reversed(parts))
        self._ends = tuple(part.end for part in reversed(parts))

    def begin(self) -> None:
        """Begin all parts."""
        for begin in self._begins:
            begin()

    def after(self, response: Response) -> Response:
        """Let all parts describe the response."""
        for after in self._afters:
            response = after(response)
        return response

    def end(self, error: BaseException | None) -> None:
        """End all parts."""
        for end in self._ends:
            end(error)

    def register(self, app: Flask, in_place_of: str | None) -> None:
        """Put the hooks into `app`: where the module `in_place_of` has registered its own, or else after all others."""
        before = app.before_request_funcs.setdefault(None, [])
        teardown = app.teardown_request_funcs.setdefault(None, [])
        if in_place_of is None:
            before.append(self.begin)
            teardown.append(self.end)
        before[:] = [self.begin if getattr(hook, "__module__", "") == in_place_of else hook for hook in before]
        teardown[:] = [self.end if getattr(hook, "__module__", "") == in_place_of else hook for hook in teardown]
        # Flask calls these from the last to the first: the recorders see what all others have made of the response.
        app.after_request_funcs.setdefault(None, []).insert(0, self.after)
