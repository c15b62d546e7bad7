"""What ends the demo early: Ctrl-C, SIGTERM, and a closed terminal or pipe. Each is a KeyboardInterrupt."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def handle() -> None:
    """Raise KeyboardInterrupt on SIGTERM and on SIGHUP as well, but under nohup not on SIGHUP."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hang_up)


def _hang_up(_number: int, _frame: FrameType | None) -> None:
    output_closed()


def output_closed() -> NoReturn:
    """Raise KeyboardInterrupt; what is printed from now on is dropped."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise KeyboardInterrupt


def ignore() -> None:
    """Ignore further signals: a second Ctrl-C would leave processes behind."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def deferred() -> Iterator[None]:
    """Deliver a signal that arrives in the block after it: inside Popen it would leave a process that nothing stops."""
    received: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: received.append(number)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])
