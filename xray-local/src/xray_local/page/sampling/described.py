"""The request that is typed in: what a sampling rule decides by. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from xray_local.page.frame import formats
from xray_model.matching import RequestProperties

FIELDS = ("method", "host", "path", "service", "type", "attributes")
"""The names of the form's fields; attributes are `name=value`, with commas between them."""

TYPES = (
    "AWS::EKS::Container",
    "AWS::ECS::Container",
    "AWS::EC2::Instance",
    "AWS::ElasticBeanstalk::Environment",
    "AWS::Lambda::Function",
)
"""The service types that the samplers know."""

REQUESTS_A_SECOND = 10.0
REQUESTS_MAX = 1e9


@dataclass(frozen=True, slots=True)
class DescribedRequest:
    """A request and how often it comes, in requests a second; `fields` are the texts that were typed."""

    fields: Mapping[str, str]
    properties: RequestProperties
    a_second: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of it."""
        return not any(self.properties)

    @property
    def text(self) -> str:
        """The request on one line."""
        known = self.properties
        what = " ".join(part for part in (known.http_method, f"{known.host or ''}{known.url_path or ''}") if part)
        pairs = (f"{name}={value}" for name, value in known.attributes.items())
        parts = [
            what or "any request",
            f"to {known.service_name}" if known.service_name else "",
            f"of type {known.service_type}" if known.service_type else "",
            f"with {', '.join(pairs)}" if known.attributes else "",
        ]
        return " ".join(filter(None, parts))


def described(query: Mapping[str, str]) -> DescribedRequest:
    """Return the request of a query; a path may be a whole URL, and loses its query."""
    fields = {name: query.get(name, "").strip() for name in FIELDS}
    host, path = formats.split_url(fields["path"])
    properties = RequestProperties(
        service_name=fields["service"] or None,
        service_type=fields["type"] or None,
        host=fields["host"] or host or None,
        http_method=fields["method"].upper() or None,
        url_path=path.partition("?")[0] or None,
        attributes=_attributes(fields["attributes"]),
    )
    return DescribedRequest(fields, properties, number(query.get("rate", ""), REQUESTS_A_SECOND, REQUESTS_MAX))


def _attributes(text: str) -> dict[str, object]:
    pairs = (part.partition("=") for part in text.replace("\n", ",").split(","))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals and name.strip()}


def number(text: str, default: float, most: float) -> float:
    """Return a number from 0 to `most` that was typed in, the default for what is none."""
    try:
        value = float(text)
    except ValueError:
        return default
    return value if 0 <= value <= most else default
