"""Watches that start again: after a failure, and with the namespaces in which the operator has its permissions."""

import asyncio
import os
import signal
from collections.abc import Collection

import pytest

from xray_operator.runtime import watch_supervisor
from xray_operator.runtime.watch_supervisor import WatchSupervisor


class Watches:
    """Stands for kopf: fails with the next of `errors`, or is cancelled; `runs` are the namespaces of each run."""

    def __init__(self, *errors: Exception, allowed: Collection[str] = ()) -> None:
        self.errors = list(errors)
        self.allowed = set(allowed)
        self.runs: list[tuple[str, ...]] = []

    async def watch(self, namespaces: Collection[str]) -> None:
        """Fail, or return as at a signal; if only `a` is allowed, wait and allow `b`."""
        self.runs.append(tuple(namespaces))
        if self.errors:
            raise self.errors.pop(0)
        if self.allowed == {"a"}:
            self.allowed.add("b")
            await asyncio.sleep(60)

    async def may_watch(self, namespace: str) -> bool:
        """Return whether a namespace has its Role."""
        return namespace in self.allowed


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for milliseconds instead of seconds."""
    monkeypatch.setattr(watch_supervisor, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(watch_supervisor, "BACKOFF_SECONDS", 0.01)


async def test_failed_watch_starts_again(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it raised; the log has one line for each failure, and a signal ends it."""
    watches = Watches(RuntimeError("ERROR 500\nin the stream"), OSError("401"))
    await WatchSupervisor(watches.watch, watches.may_watch, ()).run()
    assert watches.runs == [(), (), ()]
    failures = [record.__dict__["error"] for record in caplog.records if record.message == "watch.failed"]
    assert failures == ["RuntimeError: ERROR 500 in the stream", "OSError: 401"]


async def test_namespace_without_permission_is_left_out_until_it_has_it() -> None:
    """The others are watched in the meantime."""
    watches = Watches(allowed={"a"})
    supervisor = WatchSupervisor(watches.watch, watches.may_watch, ("a", "b"))
    await supervisor.run()
    assert (watches.runs, supervisor.forbidden) == ([("a",), ("a", "b")], ())


async def test_without_any_permission_it_waits_and_never_watches_the_cluster() -> None:
    """No namespaces would mean all of them."""
    watches = Watches()
    supervisor = WatchSupervisor(watches.watch, watches.may_watch, ("b",))
    running = asyncio.create_task(supervisor.run())
    await asyncio.sleep(0.1)
    assert (watches.runs, supervisor.forbidden) == ([], ("b",))
    watches.allowed = {"b"}
    await asyncio.wait_for(running, 5)
    assert watches.runs == [("b",)]


async def test_signal_during_the_back_off_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """kopf handles signals only while it runs."""
    monkeypatch.setattr(watch_supervisor, "BACKOFF_SECONDS", 60.0)
    watches = Watches(RuntimeError("down"))
    running = asyncio.create_task(WatchSupervisor(watches.watch, watches.may_watch, (), draw=lambda: 1.0).run())
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 5)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
    assert watches.runs == [()]
