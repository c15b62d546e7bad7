"""OTLP in the place of a segment document: `T1S` or `T1U`, and an ExportTraceServiceRequest in base64.

The collector's awsxray exporter puts it by PutTraceSegments, ADOT sends it to the agent's UDP port. `T1U` has the spans
that were not sampled: they are for AWS's metrics only, so they are read and not stored.
"""

import base64
import binascii
from collections.abc import Iterable

from xray_local.ingest.otlp_request import PROTOBUF, SpanError
from xray_local.ingest.spans import Decoded, decode
from xray_local.state.region import Region
from xray_local.state.store import Refused
from xray_local.traces.documents import Document

SAMPLED, UNSAMPLED = "T1S", "T1U"


def is_otlp(text: str) -> bool:
    """Return whether a text is OTLP, not the JSON of a segment."""
    return text.startswith((SAMPLED, UNSAMPLED))


def put_spans(region: Region, texts: Iterable[str], source: str = "PutTraceSegments") -> list[Refused]:
    """Store the spans of texts; count, note and return what was refused."""
    documents: list[Document] = []
    refused: list[Refused] = []
    for text in texts:
        try:
            decoded = _decoded(text)
        except SpanError as error:
            refused.append(Refused(None, "ParseError", str(error)))
            continue
        refused += [Refused(None, "ParseError", problem) for problem in decoded.refused]
        if text.startswith(SAMPLED):
            documents += decoded.documents
    region.counters["rejected"] += len(refused)
    refused += region.put(documents) if documents else ()
    for item in refused:
        region.note("refused", source, item.code, item.message, item.id)
    return refused


def _decoded(text: str) -> Decoded:
    try:
        body = base64.b64decode(text[len(SAMPLED) :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise SpanError(f"{text[: len(SAMPLED)]} is not followed by base64: {error}") from error
    return decode(body, PROTOBUF)
