"""HTTP to the Kubernetes API: one connection pool, credentials that are asked for again, and errors in our words.

Called by `kube` and `crd_upgrade`; it knows nothing of any kind of object.
"""

from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import kopf

TIMEOUT_SECONDS = 20
CONNECTIONS = 20
MERGE = "application/merge-patch+json"
_JSON = "application/json"


class KubernetesError(Exception):
    """The Kubernetes API refused or could not be reached; `status` is 0 when there was no answer.

    `cause` is the API's own word for why, where it gives one.
    """

    def __init__(self, status: int, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.cause = cause

    @property
    def is_gone(self) -> bool:
        """Tell whether the object does not exist any more."""
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """Tell whether somebody else wrote the object meanwhile: a newer version is on its way to us."""
        return self.status == 409

    @property
    def is_passing(self) -> bool:
        """Tell whether the same request may be answered later: no answer, too many requests, a server's fault."""
        return self.status in {0, 429} or self.status >= 500


class Connection:
    """The way to one API server. `credentials` is asked again when the API refuses those in use: tokens expire."""

    def __init__(self, credentials: Callable[[], kopf.ConnectionInfo]) -> None:
        self._credentials = credentials
        self._open: tuple[str, aiohttp.ClientSession] | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._open is not None:
            await self._open[1].close()
            self._open = None

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content: str = _JSON
    ) -> dict[str, Any]:
        """Send a request and give the answer's JSON; KubernetesError if it is an error, or if there is none."""
        try:
            status, answer = await self._request(method, path, body, content)
            if status == 401:
                await self.close()
                status, answer = await self._request(method, path, body, content)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubernetesError(0, f"the Kubernetes API did not answer: {_why(error)}") from error
        if status >= 400:
            raise KubernetesError(
                status, f"the Kubernetes API refused: {answer.get('message', status)}", _cause(answer)
            )
        return answer

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, content: str
    ) -> tuple[int, dict[str, Any]]:
        if self._open is None:
            self._open = _connected(self._credentials())
        server, session = self._open
        headers = {"Content-Type": content}
        async with session.request(method, f"{server}{path}", json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)


def _connected(info: kopf.ConnectionInfo) -> tuple[str, aiohttp.ClientSession]:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=info.as_ssl_context()),
        headers=info.as_http_headers(),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
    )
    return info.server.rstrip("/"), session


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _cause(answer: Mapping[str, Any]) -> str:
    causes = (answer.get("details") or {}).get("causes") or [{}]
    return str(causes[0].get("reason", ""))
