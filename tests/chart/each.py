"""One test over many value sets: it runs its check on each of them and names those that fail."""

import os
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.chart.release import Object, Values, render

_FRAMES = 3  # of a failed set's traceback


@dataclass(frozen=True, slots=True)
class ValueSet:
    """Values by the name that a failure shows."""

    name: str
    values: Values

    @property
    def objects(self) -> list[Object]:
        """The objects that the chart makes of the values; rendered once."""
        return render(self.values)


def for_each(sets: Mapping[str, Values]) -> Callable[[Callable[[ValueSet], None]], Callable[[], None]]:
    """Return a decorator that makes one test of a check; AssertionError lists each set that fails, with the reason."""

    def decorate(check: Callable[[ValueSet], None]) -> Callable[[], None]:
        def test() -> None:
            render_all(sets.values())
            failures = [
                f"{name}:\n{reason}"
                for name, values in sets.items()
                if (reason := _failure(check, ValueSet(name, values)))
            ]
            assert not failures, "\n".join([f"{len(failures)} of {len(sets)} value sets fail:", *failures])

        test.__name__, test.__qualname__, test.__doc__ = check.__name__, check.__qualname__, check.__doc__
        test.__module__ = check.__module__
        return test

    return decorate


def render_all(values: Iterable[Values]) -> None:
    """Render value sets side by side; each is kept for the session."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(render, values))


def _failure(check: Callable[[ValueSet], None], value_set: ValueSet) -> str:
    try:
        check(value_set)
    except Exception:  # noqa: BLE001 - whatever it is, the other sets are checked too
        return traceback.format_exc(-_FRAMES)
    return ""
