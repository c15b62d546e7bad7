import pytest

from xray_local.page.start.sending import listeners, reachable, ways
from xray_local.settings import Addresses

LOOPBACK = Addresses("127.0.0.1", 8900, 2000, 4318, None)


@pytest.mark.parametrize(
    ("listening", "shown"), [("127.0.0.1", "127.0.0.1:2000"), ("0.0.0.0", "tracing:2000"), ("::", "tracing:2000")]
)
def test_an_address_that_means_all_is_that_of_the_page(listening: str, shown: str) -> None:
    """No client can send to 0.0.0.0."""
    found = reachable(Addresses(listening, 8900, 2000, 4318, None), "tracing")
    assert listeners(found)[0].address == shown


def test_each_way_names_the_addresses_of_this_process() -> None:
    """The lines can be copied to a shell."""
    lines = {way.key: "\n".join(way.lines) for way in ways(LOOPBACK)}
    assert "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000" in lines["xray"]
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in lines["opentelemetry"]
    assert "opentelemetry-instrument gunicorn" in lines["flask"]
    assert lines["example"] == "xray-local example --endpoint http://127.0.0.1:8900"


def test_grpc_is_listed_where_it_listens() -> None:
    """Otherwise the page says how to add it."""
    grpc = Addresses("::1", 8900, 2000, 4318, 4317)
    assert "http://[::1]:4317" in [listener.address for listener in listeners(grpc)]
    assert "http://[::1]:4317" in ways(grpc)[1].notes[0]
    assert "xray-local[grpc]" in ways(LOOPBACK)[1].notes[0]
