"""The names of an app's segments."""

from cruddur_tracing.process.configured import Configured
from cruddur_tracing.process.settings import TracingSettings
from xray_model.matching import matches_pattern


class Naming:
    """Names a request's segment by its host if that matches AWS_XRAY_URL, and else by the service.

    The service is AWS_XRAY_TRACING_NAME, OTEL_SERVICE_NAME, what the app configured with X-Ray's API, or the app's
    name.
    """

    def __init__(self, settings: TracingSettings, app_name: str, configured: Configured) -> None:
        self._url_pattern = settings.url_pattern
        self._chosen = settings.segment_name("")
        self._app_name = app_name
        self._configured = configured

    def of_service(self) -> str:
        """Return the name of the service."""
        return self._chosen or self._configured.made.service or self._app_name

    def of_host(self, host: str) -> str:
        """Return the name of the segment of a request to a host."""
        if self._url_pattern and matches_pattern(self._url_pattern, host):
            return host
        made = self._configured.made
        naming = made.dynamic_naming
        if naming is not None and not self._url_pattern and (name := naming.get_name(host)):
            return str(name)
        return self._chosen or made.service or self._app_name
