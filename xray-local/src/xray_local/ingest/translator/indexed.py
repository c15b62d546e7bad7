"""Which of a span's attributes are X-Ray's annotations and metadata, as AWS's attributes say. Pure.

`aws.xray.annotations` lists the keys of those that are annotations, `aws.xray.metadata.NAMESPACE` is a JSON object.
A span without such a list, also an empty one, has every simple attribute as an annotation, as with the collector's
`index_all_attributes`, so that any trace can be filtered. OTLP by PutTraceSegments has the exporter's configuration in
its resource.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from xray_local.ingest.translator.values import bounded
from xray_model.segments.names import annotation_key

LIST = "aws.xray.annotations"
METADATA = "aws.xray.metadata."
RESOURCE = "otel.resource."  # a listed key with this prefix is that of an attribute of the resource
INDEX_ALL = "aws.xray.exporter.config.index_all_attributes"
INDEXED = "aws.xray.exporter.config.indexed_attributes"
DEPTH_MAX = 100  # of metadata; deeper ones stay text

_OWN_NAMESPACE = "otel"  # where a document keeps the span that it was made from


class Indexed(NamedTuple):
    """Annotations, metadata by namespace, and all other attributes as they are stored."""

    annotations: dict[str, Any]
    metadata: dict[str, dict[str, Any]]
    attributes: dict[str, Any]


def indexed(attributes: Mapping[str, Any], resource: Mapping[str, Any]) -> Indexed:
    """Divide the attributes of a span; an annotation or a namespace of metadata is no attribute any more."""
    rest = dict(attributes)
    metadata = _metadata(rest)
    listed = _keys(rest.get(LIST), resource)
    if listed is None:
        shown = bounded(rest)
        return Indexed({key: value for key, value in shown.items() if _is_simple(value)}, metadata, shown)
    rest.pop(LIST, None)
    annotations = {}
    for key in listed:
        if isinstance(key, str) and _is_simple(value := _listed(key, rest, resource)):
            annotations[annotation_key(key)] = value
            rest.pop(key, None)
    return Indexed(annotations, metadata, bounded(rest))


def _keys(listed: object, resource: Mapping[str, Any]) -> list[Any] | None:
    """Return the keys that the span and the exporter's configuration list; None if every attribute is indexed."""
    configured = resource.get(INDEXED)
    if resource.get(INDEX_ALL) is True or not (isinstance(listed, list) or isinstance(configured, list)):
        return None
    return [key for keys in (listed, configured) if isinstance(keys, list) for key in keys]


def _listed(key: str, attributes: Mapping[str, Any], resource: Mapping[str, Any]) -> Any:
    return attributes[key] if key in attributes else resource.get(key.removeprefix(RESOURCE))


def _is_simple(value: object) -> bool:
    return isinstance(value, bool | int | float | str)


def _metadata(rest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Take the metadata out of the attributes; what is no JSON object stays."""
    metadata: dict[str, dict[str, Any]] = {}
    for key in [key for key in rest if key.startswith(METADATA)]:
        namespace, content = key.removeprefix(METADATA), _object(rest[key])
        if content is not None and namespace not in {"", _OWN_NAMESPACE}:
            name = "default" if namespace.lower() == "default" else namespace
            metadata.setdefault(name, {}).update(content)
            del rest[key]
    return metadata


def _object(text: object) -> dict[str, Any] | None:
    try:
        content = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) and _is_shallow(content) else None


def _is_shallow(content: object) -> bool:
    level = [content]
    for _ in range(DEPTH_MAX):
        inner = [
            value.values() if isinstance(value, dict) else value for value in level if isinstance(value, dict | list)
        ]
        level = [value for values in inner for value in values]
        if not level:
            return True
    return False
