"""OpenTelemetry's environment variables for the instrumentation of an HTTP server."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind
from opentelemetry.util.http import (
    SanitizeValue,
    get_custom_headers,
    get_excluded_urls,
    normalise_request_header_name,
    normalise_response_header_name,
)

REQUEST: Final = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST"
RESPONSE: Final = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE"
SANITIZE: Final = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS"
Hook = Callable[..., Any]


def excluded_url() -> Callable[[str], bool] | None:
    """Return the predicate for excluded URLs, by OTEL_PYTHON_FLASK_EXCLUDED_URLS or OTEL_PYTHON_EXCLUDED_URLS."""
    excluded = get_excluded_urls("FLASK")
    return excluded.url_disabled if getattr(excluded, "_excluded_urls", None) else None


def request_hooks(environ: Mapping[str, str]) -> Sequence[Hook]:
    """Return the hook that captures the request's headers, if any are to be."""
    if not environ.get(REQUEST):
        return ()
    wanted, sanitize = get_custom_headers(REQUEST), SanitizeValue(get_custom_headers(SANITIZE))

    def capture(span: Span, request: Mapping[str, Any]) -> None:
        if getattr(span, "kind", None) is SpanKind.SERVER:
            headers = {key[5:].replace("_", "-"): value for key, value in request.items() if key.startswith("HTTP_")}
            span.set_attributes(sanitize.sanitize_header_values(headers, wanted, normalise_request_header_name))

    return (capture,)


def response_hooks(environ: Mapping[str, str]) -> Sequence[Hook]:
    """Return the hook that captures the response's headers, if any are to be."""
    if not environ.get(RESPONSE):
        return ()
    wanted, sanitize = get_custom_headers(RESPONSE), SanitizeValue(get_custom_headers(SANITIZE))

    def capture(span: Span, _status: str, headers: list[tuple[str, str]]) -> None:
        if getattr(span, "kind", None) is SpanKind.SERVER and span.is_recording():
            joined: dict[str, str] = {}
            for name, value in headers:
                key = name.lower()
                joined[key] = f"{joined[key]},{value}" if key in joined else value
            span.set_attributes(sanitize.sanitize_header_values(joined, wanted, normalise_response_header_name))

    return (capture,)
