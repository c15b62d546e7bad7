"""What is put as text, by PutTraceSegments or a datagram: segment documents, and OTLP in their place.

OTLP is `T1S` or `T1U` and an ExportTraceServiceRequest in base64. The collector's awsxray exporter puts it by
PutTraceSegments, ADOT sends it to the agent's UDP port. `T1U` has the spans that were not sampled: they are for AWS's
metrics only, so they are read and not stored.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xray_local.ingest.otlp_request import PROTOBUF, SpanError
from xray_local.state.region import Region
from xray_local.state.store import Refused

if TYPE_CHECKING:
    from xray_local.ingest.spans import Decoded

SAMPLED, UNSAMPLED = "T1S", "T1U"


def put_texts(region: Region, texts: Sequence[str], source: str = "PutTraceSegments") -> list[Refused]:
    """Store what texts hold; count, note and return what was refused."""
    spans = [text for text in texts if text.startswith((SAMPLED, UNSAMPLED))]
    if not spans:
        return region.put_segments(texts, source)
    segments = [text for text in texts if not text.startswith((SAMPLED, UNSAMPLED))]
    refused = [item for text in spans for item in _put_spans(region, text, source)]
    return refused + region.put_segments(segments, source)


def _put_spans(region: Region, text: str, source: str) -> list[Refused]:
    try:
        documents, problems = _decoded(text)
    except SpanError as error:
        return region.refuse([Refused(None, "ParseError", str(error))], source)
    return region.put_spans(documents if text.startswith(SAMPLED) else [], problems, source=source)


def _decoded(text: str) -> "Decoded":
    from xray_local.ingest.spans import decode  # see `otlp_request`

    try:
        body = base64.b64decode(text[len(SAMPLED) :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise SpanError(f"{text[: len(SAMPLED)]} is not followed by base64: {error}") from error
    return decode(body, PROTOBUF)
