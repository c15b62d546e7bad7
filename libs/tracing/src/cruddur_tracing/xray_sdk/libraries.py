"""The libraries that aws_xray_sdk patches, and OpenTelemetry's instrumentation of each: one of the two records a call.

Where OpenTelemetry's is active, the SDK's passes through. The names are those that `patch` takes.
"""

import sys
from dataclasses import dataclass
from typing import Final

from opentelemetry.instrumentation.utils import is_http_instrumentation_enabled, is_instrumentation_enabled


@dataclass(frozen=True, slots=True)
class Library:
    """A library. `extension` is the SDK's module that records its calls; `http` marks what sends HTTP requests.

    `instrumentation` is OpenTelemetry's module with the class `instrumentor`. `covered` is false if that records less
    than the SDK's extension, which then passes through only what is suppressed.
    """

    name: str
    extension: str | None = None
    instrumentation: str = ""
    instrumentor: str = ""
    http: bool = False
    covered: bool = True

    @property
    def package(self) -> str:
        """The distribution that has OpenTelemetry's instrumentation; empty if there is none."""
        return f"opentelemetry-instrumentation-{self.instrumentation.replace('_', '-')}" if self.instrumentation else ""

    @property
    def is_instrumented(self) -> bool:
        """Whether OpenTelemetry's instrumentation records all that the SDK's extension does."""
        return self.covered and self.is_active

    @property
    def is_active(self) -> bool:
        """Whether OpenTelemetry's instrumentation is active."""
        module = sys.modules.get(f"opentelemetry.instrumentation.{self.instrumentation}")
        instance = getattr(getattr(module, self.instrumentor, None), "_instance", None)
        return instance is not None and bool(instance.is_instrumented_by_opentelemetry)

    @property
    def is_suppressed(self) -> bool:
        """Whether OpenTelemetry wants nothing recorded here: a call of a higher level is, or an exporter sends."""
        return not (is_http_instrumentation_enabled() if self.http else is_instrumentation_enabled())


_LIBRARIES: Final = (
    Library("aiobotocore", "aiobotocore.patch", "botocore", "AiobotocoreInstrumentor", http=True),
    Library("aiohttp", "aiohttp.client", "aiohttp_client", "AioHttpClientInstrumentor", http=True),
    Library("botocore", "botocore.patch", "botocore", "BotocoreInstrumentor", http=True),
    Library("httplib", "httplib.patch", "urllib", "URLLibInstrumentor", http=True, covered=False),
    Library("httpx", "httpx.patch", "httpx", "HTTPXClientInstrumentor", http=True),
    Library("mysql", None, "mysql", "MySQLInstrumentor"),
    Library("pg8000", None),
    Library("psycopg", None, "psycopg", "PsycopgInstrumentor"),
    Library("psycopg2", None, "psycopg2", "Psycopg2Instrumentor"),
    Library("pymongo", "pymongo.patch", "pymongo", "PymongoInstrumentor"),
    Library("pymysql", None, "pymysql", "PyMySQLInstrumentor"),
    Library("pynamodb", "pynamodb.patch", "botocore", "BotocoreInstrumentor", http=True, covered=False),
    Library("requests", "requests.patch", "requests", "RequestsInstrumentor", http=True),
    Library("sqlalchemy", "sqlalchemy.util.decorators", "sqlalchemy", "SQLAlchemyInstrumentor"),
    Library("sqlalchemy_core", "sqlalchemy_core.patch", "sqlalchemy", "SQLAlchemyInstrumentor"),
    Library("sqlite3", None, "sqlite3", "SQLite3Instrumentor"),
)
LIBRARIES: Final = {library.name: library for library in _LIBRARIES}
