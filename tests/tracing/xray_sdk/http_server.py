"""An HTTP server for the tests of outgoing calls."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

HEADER: Final = "X-Amzn-Trace-Id"


class Server:
    """An HTTP server that keeps the headers of what it was sent."""

    def __init__(self) -> None:
        self.headers: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answer 200, or what the path says."""
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                outer.headers.append(self.headers.get(HEADER))
                body = b"{}"
                self.send_response(int(self.path.partition("?")[0].rsplit("/", 1)[-1] or 200))
                self.send_header("Content-Length", str(len(body)))
                self.send_header("x-amzn-RequestId", "request-1")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *args: Any) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
