"""Cuts a segment document into datagrams that an agent can take. Pure; `emitter` calls it.

The X-Ray SDK counts subsegments (30) and not bytes: 30 subsegments of 3 KB are one datagram that no socket sends.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any, Final

HEADER: Final = b'{"format":"json","version":1}\n'
DATAGRAM_MAX: Final = 65507  # bytes of payload in one IPv4 UDP datagram
DOCUMENT_MAX: Final = DATAGRAM_MAX - len(HEADER)  # below the service's 65,536 bytes for a segment


Document = dict[str, Any]


@dataclass(slots=True)
class Fitted:
    """The documents to send, parents first. `trimmed`: lost their metadata. `lost`: could not be sent at all."""

    documents: list[bytes] = field(default_factory=list)
    trimmed: int = 0
    lost: int = 0


def fit(document: Document, limit: int = DOCUMENT_MAX) -> Fitted:
    """Return `document` whole, or with its largest subsegments split off until it has at most `limit` bytes.

    A document that is too large even without its subsegments is sent without its metadata, or else counted as lost.
    """
    fitted = Fitted()
    _fit(document, encode(document), limit, fitted)
    return fitted


def encode(document: Document) -> bytes:
    """Write JSON as X-Ray takes it. Raises ValueError for a document that contains itself."""
    try:
        text = json.dumps(document, default=str, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(document), default=str, separators=(",", ":"))
    return text.encode("ascii")


def _finite(value: Any) -> Any:
    """Write NaN and the infinities, which JSON does not have, as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def _fit(document: Document, text: bytes, limit: int, fitted: Fitted) -> None:
    if len(text) <= limit:
        fitted.documents.append(text)
        return
    kept, split = _split(document, len(text), limit)
    text = encode(kept)
    if len(text) > limit:
        kept.pop("metadata", None)
        text = encode(kept)
        fitted.trimmed += len(text) <= limit
    if len(text) <= limit:
        fitted.documents.append(text)
    else:
        fitted.lost += 1
    for child, child_text in split:
        _fit(child, child_text, limit, fitted)


def _split(document: Document, size: int, limit: int) -> tuple[Document, list[tuple[Document, bytes]]]:
    """Take the largest subsegments off until the rest fits; each names its trace and parent, as X-Ray wants."""
    children = [(child, encode(child)) for child in document.get("subsegments", ())]
    split = []
    for pair in sorted(children, key=lambda pair: len(pair[1]), reverse=True):
        if size <= limit:
            break
        split.append(pair)
        size -= len(pair[1]) + 1  # and its comma
    off = {id(child) for child, _ in split}
    kept = {key: value for key, value in document.items() if key != "subsegments"}
    rest = [child for child, _ in children if id(child) not in off]
    return (kept | {"subsegments": rest} if rest else kept), split
