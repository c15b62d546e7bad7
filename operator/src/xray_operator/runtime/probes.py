"""/healthz, /readyz and /metrics over HTTP: read only, on the loopback address by default."""

from collections.abc import Callable, Sequence

from aiohttp import web

STOP_SECONDS = 2.0  # how long to wait for clients that do not finish their request


class Probes:
    """Serves the results of `alive`, `ready` and `metrics`, which are called at each request.

    `notes` are lines that /readyz adds; they do not make the operator unready.
    """

    def __init__(
        self,
        alive: Callable[[], bool],
        ready: Callable[[], bool],
        metrics: Callable[[], bytes],
        notes: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        app = web.Application(client_max_size=1024)
        app.router.add_get("/healthz", lambda _: _probe(alive(), "a watch or a worker has ended"))
        app.router.add_get("/readyz", lambda _: _probe(ready(), "AWS has not been read yet", notes()))
        app.router.add_get("/metrics", lambda _: _scrape(metrics()))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)

    async def start(self, host: str, port: int) -> int:
        """Listen and return the port; OSError if it is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the listener and all connections."""
        await self._runner.cleanup()


async def _probe(ok: bool, problem: str, notes: Sequence[str] = ()) -> web.Response:
    lines = ["ok" if ok else problem, *notes]
    return web.Response(status=200 if ok else 503, text="".join(f"{line}\n" for line in lines))


async def _scrape(text: bytes) -> web.Response:
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
