"""SIGTERM and SIGINT while kopf does not run: it handles them itself while it does, and leaves its handlers behind."""

import asyncio
import signal

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def wait_for_signal(seconds: float | None = None) -> bool:
    """Wait for a signal; False after a timeout."""
    loop, signalled = asyncio.get_running_loop(), asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, signalled.set)
    try:
        async with asyncio.timeout(seconds):
            return await signalled.wait()
    except TimeoutError:
        return False
