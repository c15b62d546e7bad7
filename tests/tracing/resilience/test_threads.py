"""A thread that is started when it is first woken, once, whoever wakes it."""

import threading
from concurrent.futures import ThreadPoolExecutor

from cruddur_tracing.resilience.threads import WakeableThread
from tests.waiting import until

CALLERS = 8


def test_callers_at_one_time_start_one_thread() -> None:
    """And wake it afterwards."""
    running: list[threading.Thread] = []
    ended = threading.Event()

    def run() -> None:
        running.append(threading.current_thread())
        while not ended.is_set():
            thread.wait()

    thread = WakeableThread(run, "woken")
    together = threading.Barrier(CALLERS)
    with ThreadPoolExecutor(CALLERS) as callers:
        assert all(callers.map(lambda _: together.wait() >= 0 and thread.start_or_wake(), range(CALLERS)))
    assert thread.is_alive
    assert [found.name for found in running] == ["woken"]
    ended.set()
    thread.wake()
    until(lambda: not thread.is_alive, "the end of the thread")
