"""Reads the settings of an official OTLP exporter over HTTP, so that this package can take its place.

They are private, and differ between versions: up to 1.44 the exporter has a session of `requests`, from 1.45 on a
client whose transport has one. An exporter that cannot be read, or does more than the
official class, keeps sending its spans itself.
"""

from collections.abc import Mapping
from typing import Any, Final

from cruddur_tracing.wires.otlp.proxies import proxy_for
from cruddur_tracing.wires.otlp.settings import OtlpSettings, certificate_from

_MODULE: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_CLASS: Final = "OTLPSpanExporter"


def from_exporter(exporter: object, environ: Mapping[str, str]) -> OtlpSettings | None:
    """Return the settings of an exporter, or None if this package cannot replace it.

    It cannot replace a subclass, which may sign requests, an exporter with a customized session, a feature that it
    lacks, or a version with other private attributes.
    """
    if (type(exporter).__module__, type(exporter).__qualname__) != (_MODULE, _CLASS):
        return None
    try:
        if exporter._shutdown or "export" in vars(exporter):  # type: ignore[attr-defined]
            return None
        if hasattr(exporter, "_client"):
            return _since_1_45(exporter, environ)
        return _before_1_45(exporter, environ)
    except (AttributeError, ImportError, TypeError, ValueError):
        return None


def _since_1_45(exporter: Any, environ: Mapping[str, str]) -> OtlpSettings | None:
    client = exporter._client
    session = client._transport._session
    return _settings(client, session, session.verify, session.cert, environ)


def _before_1_45(exporter: Any, environ: Mapping[str, str]) -> OtlpSettings | None:
    return _settings(exporter, exporter._session, exporter._certificate_file, exporter._client_cert, environ)


def _settings(sender: Any, session: Any, verify: Any, client: Any, environ: Mapping[str, str]) -> OtlpSettings | None:
    """Return the settings of an exporter or its client. Raises AttributeError, TypeError or ValueError."""
    endpoint = sender._endpoint
    own_headers = _own_headers(session, endpoint)
    if own_headers is None or not (verify is True or isinstance(verify, str)):
        return None
    certificate, key = client if isinstance(client, tuple) else (client, None)
    headers = own_headers | {name.lower(): value for name, value in sender._headers.items()}
    headers.pop("content-encoding", None)  # follows from the compression
    return OtlpSettings(
        endpoint=endpoint,
        headers=headers,
        timeout=float(sender._timeout),
        compression=sender._compression.value,
        certificate=certificate_from(environ, None if verify is True else verify),
        client_certificate=certificate,
        client_key=key,
        proxy=proxy_for(endpoint, environ),
    ).checked()


def _own_headers(session: Any, endpoint: str) -> dict[str, str] | None:
    """Return the headers that a session of `requests` adds, or None if it does more than to send."""
    import requests
    from requests.adapters import HTTPAdapter

    fresh = requests.Session()
    adapters = {prefix: type(adapter) for prefix, adapter in session.adapters.items()}
    sends_only = (
        type(session) is requests.Session
        and adapters == {"https://": HTTPAdapter, "http://": HTTPAdapter}
        and session.hooks == fresh.hooks
        and session.trust_env
        and not (session.auth or session.proxies or session.params or session.cookies)
        and requests.utils.get_netrc_auth(endpoint) is None
    )
    if not sends_only:
        return None
    return {name.lower(): value for name, value in session.headers.items() if fresh.headers.get(name) != value}
