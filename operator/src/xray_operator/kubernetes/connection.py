"""HTTP to the Kubernetes API: one connection pool, renewed credentials, and typed errors."""

from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any, TypeAlias

import aiohttp
import kopf

FIELD_MANAGER = "xray-operator"
USER_AGENT = f"{FIELD_MANAGER}/{metadata.version(FIELD_MANAGER)}"
TIMEOUT_SECONDS = 20
CONNECTIONS = 20
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
Credentials: TypeAlias = Callable[[], kopf.ConnectionInfo]


class KubernetesError(Exception):
    """The Kubernetes API refused a request or could not be reached; then `status` is 0.

    `cause` is the reason of the API's first cause, if there is one.
    """

    def __init__(self, status: int, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.cause = cause

    @property
    def is_not_found(self) -> bool:
        """Whether the object does not exist."""
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """Whether another client wrote the object in the meantime."""
        return self.status == 409

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later: no answer, too many requests, or a server error."""
        return self.status in {0, 429} or self.status >= 500


class Connection:
    """A connection pool to one API server; `credentials` is called again after a 401, since tokens expire."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._open: tuple[str, aiohttp.ClientSession] | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._open is not None:
            await self._open[1].close()
            self._open = None

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, content_type: str = JSON
    ) -> dict[str, Any]:
        """Send a request and return the response's JSON; KubernetesError for an error or without a response."""
        try:
            status, answer = await self._request(method, path, body, content_type)
            if status == 401:
                await self.close()
                status, answer = await self._request(method, path, body, content_type)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KubernetesError(0, f"the Kubernetes API did not answer: {_reason(error)}") from error
        if status >= 400:
            message = f"the Kubernetes API refused: {answer.get('message', status)}"
            raise KubernetesError(status, message, _cause(answer))
        return answer

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, content_type: str
    ) -> tuple[int, dict[str, Any]]:
        if self._open is None:
            self._open = _connect(self._credentials())
        server, session = self._open
        headers = {"Content-Type": content_type}
        async with session.request(method, f"{server}{path}", json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)


def _connect(info: kopf.ConnectionInfo) -> tuple[str, aiohttp.ClientSession]:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=info.as_ssl_context()),
        headers={"User-Agent": USER_AGENT, **info.as_http_headers()},
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
    )
    return info.server.rstrip("/"), session


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _cause(answer: Mapping[str, Any]) -> str:
    causes = (answer.get("details") or {}).get("causes") or [{}]
    return str(causes[0].get("reason", ""))
