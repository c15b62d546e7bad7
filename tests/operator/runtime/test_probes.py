"""/healthz, /readyz and /metrics over real HTTP."""

from collections.abc import Callable

import aiohttp
import pytest

from xray_operator.runtime.probes import Probes

# aiohttp warns of the lambdas that probes.py gives it; this goes when they are coroutine functions.
pytestmark = pytest.mark.filterwarnings("ignore:Bare functions are deprecated")


async def get(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Ask, and give status, type and text."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def test_each_probe_is_asked_at_each_request() -> None:
    """Bad, then good, without a restart."""
    alive, ready = [False, True], [False, True]
    probes = Probes(lambda: alive.pop(0), lambda: ready.pop(0), lambda: b"")
    port = await probes.start("127.0.0.1", 0)
    plain = "text/plain; charset=utf-8"
    assert await get(port, "/healthz") == (503, plain, "a watch or a worker has ended\n")
    assert await get(port, "/healthz") == (200, plain, "ok\n")
    assert await get(port, "/readyz") == (503, plain, "AWS has not been read yet\n")
    assert await get(port, "/readyz") == (200, plain, "ok\n")
    await probes.stop()


async def test_a_scrape_has_prometheuss_type() -> None:
    """And the text as it is."""
    probes = Probes(lambda: True, lambda: True, lambda: b"a_total 1.0\n")
    port = await probes.start("127.0.0.1", 0)
    assert await get(port, "/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "a_total 1.0\n")
    await probes.stop()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/healthz", 405)])
async def test_nothing_else_is_served(method: str, path: str, status: int) -> None:
    """Read only."""
    probes = Probes(lambda: True, lambda: True, lambda: b"")
    port = await probes.start("127.0.0.1", 0)
    assert (await get(port, path, method))[0] == status
    await probes.stop()


async def test_a_port_that_is_taken_is_an_error() -> None:
    """The caller tells it in one line."""
    first, second = (Probes(lambda: True, lambda: True, lambda: b"") for _ in range(2))
    port = await first.start("127.0.0.1", 0)
    with pytest.raises(OSError, match="address already in use"):
        await second.start("127.0.0.1", port)
    await second.stop()
    await first.stop()


async def test_after_the_stop_nobody_listens(free_port: Callable[[], int]) -> None:
    """The port is free again."""
    probes = Probes(lambda: True, lambda: True, lambda: b"")
    port = await probes.start("127.0.0.1", free_port())
    await probes.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(port, "/healthz")
