import pytest

from xray_local.state.request_log import REQUESTS_MAX, LoggedRequest, RequestLog


def test_the_log_keeps_the_last_requests() -> None:
    """Its size is limited."""
    log = RequestLog()
    for number in range(REQUESTS_MAX + 1):
        log.append(
            LoggedRequest(
                operation="GetGroups", listener="api", time=number, status=200, body=b"", peer=None, scope=None
            )
        )
    assert (len(log), log[0].time) == (REQUESTS_MAX, 1)


@pytest.mark.parametrize(("body", "shown"), [(b'{"a": 1}', {"a": 1}), (b"", {}), (b"{", {}), (b"[" * 9000, {})])
def test_a_body_is_parsed_when_it_is_shown(body: bytes, shown: object) -> None:
    """The log keeps what was sent."""
    logged = LoggedRequest(
        operation="GetGroups", listener="api", time=1.0, status=200, body=body, peer="127.0.0.1", scope=None
    )
    assert logged.as_json() == {
        "operation": "GetGroups",
        "listener": "api",
        "time": 1.0,
        "status": 200,
        "body": shown,
        "peer": "127.0.0.1",
        "scope": None,
    }
