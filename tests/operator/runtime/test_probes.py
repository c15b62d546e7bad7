"""/healthz, /readyz and /metrics over real HTTP."""

from collections.abc import Callable

import aiohttp
import pytest

from xray_operator.runtime.probes import Probes

# aiohttp warns of the lambdas that probes.py gives it; this goes when they are coroutine functions.
pytestmark = pytest.mark.filterwarnings("ignore:Bare functions are deprecated")


async def get(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Return the status, the content type and the text of a response."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}") as response,
    ):
        return response.status, response.headers["Content-Type"], await response.text()


async def test_each_request_checks_its_probe() -> None:
    """Failing, then healthy, without a restart."""
    alive, ready = [False, True], [False, True]
    probes = Probes(lambda: alive.pop(0), lambda: ready.pop(0), lambda: b"")
    port = await probes.start("127.0.0.1", 0)
    plain = "text/plain; charset=utf-8"
    assert await get(port, "/healthz") == (503, plain, "a watch or a worker has ended\n")
    assert await get(port, "/healthz") == (200, plain, "ok\n")
    assert await get(port, "/readyz") == (503, plain, "AWS has not been read yet\n")
    assert await get(port, "/readyz") == (200, plain, "ok\n")
    await probes.stop()


async def test_ready_operator_reports_what_it_may_not_watch() -> None:
    """The other namespaces are served, so it is ready."""
    probes = Probes(lambda: True, lambda: True, lambda: b"", lambda: ["no permission in namespace b"])
    port = await probes.start("127.0.0.1", 0)
    assert (await get(port, "/readyz"))[::2] == (200, "ok\nno permission in namespace b\n")
    assert (await get(port, "/healthz"))[2] == "ok\n"
    await probes.stop()


async def test_metrics_have_the_prometheus_content_type() -> None:
    """The text is unchanged."""
    probes = Probes(lambda: True, lambda: True, lambda: b"a_total 1.0\n")
    port = await probes.start("127.0.0.1", 0)
    assert await get(port, "/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "a_total 1.0\n")
    await probes.stop()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/healthz", 405)])
async def test_other_paths_and_methods_are_rejected(method: str, path: str, status: int) -> None:
    """The listener is read-only."""
    probes = Probes(lambda: True, lambda: True, lambda: b"")
    port = await probes.start("127.0.0.1", 0)
    assert (await get(port, path, method))[0] == status
    await probes.stop()


async def test_port_in_use_is_an_error() -> None:
    """The caller reports it in one line."""
    first, second = (Probes(lambda: True, lambda: True, lambda: b"") for _ in range(2))
    port = await first.start("127.0.0.1", 0)
    with pytest.raises(OSError, match="address already in use"):
        await second.start("127.0.0.1", port)
    await second.stop()
    await first.stop()


async def test_stop_frees_the_port(free_port: Callable[[], int]) -> None:
    """Connections are refused afterwards."""
    probes = Probes(lambda: True, lambda: True, lambda: b"")
    port = await probes.start("127.0.0.1", free_port())
    await probes.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(port, "/healthz")
