"""OTLP/gRPC: TraceService/Export on a port of its own, plain or gzip. It needs grpcio: `xray-local[grpc]`."""

from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xray_local.errors import StoreError
from xray_local.ingest.otlp import put_spans, response
from xray_local.ingest.otlp_request import PROTOBUF, SpanError
from xray_local.listener import BODY_MAX
from xray_local.state.region import Region
from xray_local.state.request_log import LoggedRequest

if TYPE_CHECKING:
    import grpc.aio

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
STOP_SECONDS = 1.5  # for requests that are still being answered
_OPTIONS = (("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", BODY_MAX))


def is_installed() -> bool:
    """Return whether grpcio is there."""
    return find_spec("grpc") is not None


class GrpcListener:
    """The server; `port` is the one that it listens on."""

    def __init__(self, region: Region, host: str, port: int) -> None:
        import grpc.aio

        self._region = region
        self._server = grpc.aio.server(options=_OPTIONS)
        methods = {"Export": grpc.unary_unary_rpc_method_handler(self._export)}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
        self.port = int(self._server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))

    async def start(self) -> None:
        """Serve."""
        await self._server.start()

    async def stop(self) -> None:
        """Answer what has arrived, and close the port."""
        await self._server.stop(STOP_SECONDS)

    async def _export(self, body: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        import grpc

        status = 200
        try:
            return response(put_spans(self._region, body, PROTOBUF))
        except SpanError as error:
            status, problem = 400, (grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except StoreError as error:
            status, problem = 500, (grpc.StatusCode.UNAVAILABLE, str(error))
        finally:
            self._log(context.peer(), status)
        await context.abort(*problem)
        raise AssertionError("abort raises")

    def _log(self, peer: str, status: int) -> None:
        address = unquote(peer).partition(":")[2].rpartition(":")[0].strip("[]")
        self._region.requests.append(
            LoggedRequest(
                operation="PutSpans",
                listener="otlp-grpc",
                time=self._region.clock(),
                status=status,
                body=b"",
                peer=address or None,
                scope=None,
            )
        )
