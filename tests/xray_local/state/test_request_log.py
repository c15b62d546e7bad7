from xray_local.state.request_log import REQUESTS_MAX, LoggedRequest, RequestLog


def test_the_log_keeps_the_last_requests() -> None:
    """Its size is limited."""
    log = RequestLog()
    for number in range(REQUESTS_MAX + 1):
        log.append(
            LoggedRequest(
                operation="GetGroups", listener="api", time=number, status=200, body={}, peer=None, scope=None
            )
        )
    assert (len(log), log[0].time) == (REQUESTS_MAX, 1)
