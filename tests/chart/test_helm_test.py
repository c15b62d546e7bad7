"""The pod of `helm test`: what it asks, and for what it looks."""

from tests.chart.matrix import AWS
from tests.chart.release import Values, named, named_container, render

SERVICE = "http://demo-cruddur-backend:4567/api/activities/home"


def arguments(given: Values | None = None) -> list[str]:
    """Return what xray-local is started with."""
    return list(named_container(named(render(given), "Pod", "demo-cruddur-test"), "test")["args"])


def test_the_pod_requests_the_service_and_xray_local() -> None:
    """The addresses are the Services', and the time is that of the values."""
    xray = "--endpoint=http://demo-cruddur-xray-local:8900"
    assert arguments() == ["check", SERVICE, "--seconds=30", xray]
    assert arguments({"tests.timeoutSeconds": 5, "tests.path": "/"})[1:3] == [
        SERVICE.partition("/api")[0] + "/",
        "--seconds=5",
    ]


def test_without_xray_local_only_the_request_is_tested() -> None:
    """Only AWS has the trace then."""
    assert arguments(AWS) == ["check", SERVICE, "--seconds=30", "--no-trace"]


def test_without_the_sdk_no_segment_is_expected() -> None:
    """OpenTelemetry's spans are, as before."""
    assert arguments({"tracing.xraySdk.enabled": False})[-1] == "--no-segment"


def test_the_image_is_xray_locals() -> None:
    """The backend's may be any app's, without Python."""
    given: Values = {"xrayLocal.image.repository": "r/xray", "xrayLocal.image.tag": "1"}
    assert named_container(named(render(given), "Pod", "demo-cruddur-test"), "test")["image"] == "r/xray:1"


def test_without_the_backend_there_is_no_test() -> None:
    """Without one there is nothing to request."""
    assert [manifest for manifest in render({"backend.enabled": False}) if manifest["kind"] == "Pod"] == []
