"""The HTTP session of the watches: it authenticates each request, and records when each path was last requested.

kopf accepts a session of its user instead of credentials. With credentials, a 401 would end it or one of its watches.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress

import aiohttp
import kopf

from xray_operator.aws.rate_limit import backoff
from xray_operator.kubernetes.connection import USER_AGENT, Credentials
from xray_operator.kubernetes.credentials import CredentialsError
from xray_operator.kubernetes.resource import API_PATH

ATTEMPTS = 5  # to send a request that is answered 401; the last answer is returned
BACKOFF_SECONDS = 15.0


class WatchSessions:
    """Opens the session, of which there is one at a time; `credentials` is called again after a 401."""

    def __init__(self, credentials: Credentials, clock: Callable[[], float] = time.monotonic) -> None:
        self._credentials = credentials
        self._clock = clock
        self._requested: dict[str, float] = {}

    def open(self) -> kopf.AiohttpSession:
        """Open a session; the caller closes it."""
        info = self._credentials()
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers={"User-Agent": USER_AGENT},
            middlewares=[self._record, _Authentication(self._credentials, info)],
        )
        return kopf.AiohttpSession(server=info.server, aiohttp_session=session)

    def requested(self, seconds: float) -> int:
        """Return how many lists of our kinds, by kind and namespace, were read or watched in the last seconds."""
        return sum(self._clock() - at < seconds for at in self._requested.values())

    async def _record(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if request.url.path.startswith(f"{API_PATH}/"):
            self._requested[request.url.path] = self._clock()
        return await handler(request)


class _Authentication:
    """aiohttp's middleware: it authenticates a request, and repeats it with new credentials after a 401."""

    def __init__(self, credentials: Credentials, info: kopf.ConnectionInfo) -> None:
        self._credentials = credentials
        self._info = info

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        for attempt in range(1, ATTEMPTS):
            request.headers.update(self._info.as_http_headers())
            response = await handler(request)
            if response.status != 401:
                return response
            response.release()
            await asyncio.sleep(backoff(attempt, interval=BACKOFF_SECONDS, draw=random.random))
            with suppress(CredentialsError):  # a file is being replaced
                self._info = self._credentials()
        request.headers.update(self._info.as_http_headers())
        return await handler(request)
