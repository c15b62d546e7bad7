"""/healthz, /readyz and /metrics over HTTP. Read only; bound to the loopback address unless told otherwise."""

from collections.abc import Callable

from aiohttp import web

STOP_SECONDS = 2.0  # that the end waits for a client that does not finish its request; aiohttp would for ten


class Probes:
    """Serves what it is given: `alive` and `ready` are asked at each request, `metrics` gives the scrape's text."""

    def __init__(self, alive: Callable[[], bool], ready: Callable[[], bool], metrics: Callable[[], bytes]) -> None:
        app = web.Application(client_max_size=1024)
        app.router.add_get("/healthz", lambda _: _answer(alive(), "a watch or a worker has ended"))
        app.router.add_get("/readyz", lambda _: _answer(ready(), "AWS has not been read yet"))
        app.router.add_get("/metrics", lambda _: _scrape(metrics()))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port; OSError if it is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close everything."""
        await self._runner.cleanup()


async def _answer(good: bool, otherwise: str) -> web.Response:
    return web.Response(text="ok\n") if good else web.Response(status=503, text=f"{otherwise}\n")


async def _scrape(text: bytes) -> web.Response:
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
