"""Restarts objects in a forked process, where the locks, sockets and threads of its parent are of no use."""

import os
from typing import Protocol
from weakref import WeakSet


class Restartable(Protocol):
    """An object with locks, sockets or threads."""

    def restart(self) -> None:
        """Start from nothing, without the parent's locks, which may be held. Must not raise."""


_restartable: WeakSet[Restartable] = WeakSet()


def restart_in_children(item: Restartable) -> None:
    """Restart `item` in every process that is forked from now on, while it is referenced."""
    _restartable.add(item)


def restart_all() -> None:
    """Restart every item in this process, before it has threads: it was forked, or gevent has replaced its locks."""
    for item in tuple(_restartable):
        item.restart()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=restart_all)
