"""The HTTP proxy for a URL, by the environment variables and rules of the `requests` library. Pure."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy's URL, or None to connect directly."""
    parts = urlsplit(url)
    variables = _proxy_variables(environ)
    host = parts.hostname
    try:
        port = parts.port
    except ValueError:
        port = None
    if host is None or _is_excluded(host, port, variables.get("no", "")):
        return None
    proxy = variables.get(parts.scheme) or variables.get("all")
    if proxy is None or "://" in proxy:
        return proxy
    return f"http://{proxy.removeprefix('//')}"


def _proxy_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies by the part of the variable before `_proxy`; lower case takes precedence.

    In a CGI script `HTTP_PROXY` is a header of the request.
    """
    variables = {name.lower()[:-6]: value for name, value in environ.items() if name.lower().endswith("_proxy")}
    if "REQUEST_METHOD" in environ:
        variables.pop("http", None)
    variables |= {name[:-6].lower(): value for name, value in environ.items() if name.endswith("_proxy")}
    return {name: value for name, value in variables.items() if value}


def _is_excluded(host: str, port: int | None, no_proxy: str) -> bool:
    entries = [entry.strip().lower() for entry in no_proxy.split(",") if entry.strip()]
    if no_proxy.strip() == "*":
        return True
    if _is_ipv4(host) and any(_is_in_network(host, entry) for entry in entries):
        return True
    names = {host, f"{host}:{port}"} if port else {host}
    suffixes = [entry.lstrip(".") for entry in entries]
    return any(name == suffix or name.endswith(f".{suffix}") for name in names for suffix in suffixes)


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _is_in_network(host: str, entry: str) -> bool:
    try:
        return ipaddress.IPv4Address(host) in ipaddress.IPv4Network(entry, strict=False)
    except ValueError:
        return False
