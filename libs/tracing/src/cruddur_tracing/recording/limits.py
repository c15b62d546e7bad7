"""The limits of a span, from OpenTelemetry's environment variables and the app's TracerProvider."""

from typing import Any, NamedTuple

from opentelemetry.attributes import BoundedAttributes

_PLAIN = (str, bool, int, float)


class Limits(NamedTuple):
    """Counts, and characters of a text; None means no limit. The defaults are OpenTelemetry's."""

    attributes: int | None = 128
    events: int | None = 128
    links: int | None = 128
    event_attributes: int | None = 128
    link_attributes: int | None = 128
    span_text: int | None = None
    text: int | None = None

    def put(self, attributes: dict[str, Any], key: str, value: Any) -> int:
        """Set an attribute as OpenTelemetry's SDK does, and return how many it had to drop.

        A full dictionary loses its oldest attribute; a value of another type is converted or refused with a warning.
        """
        if self.span_text is not None or type(value) not in _PLAIN or type(key) is not str or not key:
            cleaned = BoundedAttributes(1, {key: value}, immutable=False, max_value_len=self.span_text)
            if not cleaned:
                return cleaned.dropped
            ((key, value),) = cleaned.items()
        if self.attributes is not None and len(attributes) >= self.attributes and key not in attributes:
            if not self.attributes:
                return 1
            del attributes[next(iter(attributes))]
            attributes[key] = value
            return 1
        attributes[key] = value
        return 0

    def bounded(self, attributes: Any, count: int | None) -> BoundedAttributes:
        """Return the attributes of an event or a link, cleaned and bounded as the SDK's."""
        return BoundedAttributes(count, attributes, immutable=True, max_value_len=self.text)
