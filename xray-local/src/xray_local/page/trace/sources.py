"""The traces that are being looked at: parsed and analysed once, until a document of them arrives."""

import gc
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from xray_local.page.trace.analysis.analysed import AnalysedTrace
from xray_local.state.region import Region
from xray_local.traces.waterfall import waterfall
from xray_model.trace_id import to_w3c, to_xray

KEPT = 4
"""Analysed traces that are kept: pages ask for windows, rows and searches of the same one again and again."""


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A stored trace by its id in X-Ray's form; `limited` says that documents of it were refused."""

    id: str
    limited: bool
    analysed: AnalysedTrace

    @property
    def w3c_id(self) -> str:
        """The id in OpenTelemetry's form."""
        return str(to_w3c(self.id))


class Sources:
    """Finds traces, and keeps the last ones with the documents that they were made from."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[list[tuple[str, str]], AnalysedTrace]] = OrderedDict()

    def find(self, region: Region, text: str) -> StoredTrace | None:
        """Return the stored trace of an id in either form; None if it has no row."""
        trace_id = xray_id(text)
        stored = region.store.trace(trace_id) if trace_id else None
        known, analysed = self._kept.pop(trace_id, (None, None))
        if stored is None:
            _free(analysed)
            return None
        documents = region.store.documents(trace_id)
        if analysed is None or known != documents:
            _free(analysed)
            with _collection_paused():
                analysed = AnalysedTrace(waterfall([_body(*document) for document in documents]))
        self._kept[trace_id] = documents, analysed
        if len(self._kept) > KEPT:
            _free(self._kept.popitem(last=False)[1][1])
        return StoredTrace(trace_id, stored[1], analysed) if analysed.rows else None


def _free(analysed: AnalysedTrace | None) -> None:
    """Free a trace at once: its entries refer to each other, and cycles are collected seldom."""
    if analysed is not None:
        analysed.tree.unlink()


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Pause the collector of cycles, which would walk the growing trace again and again and find nothing to free."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


SOURCES = Sources()
"""The traces that this process showed last."""


def xray_id(text: str) -> str:
    """Return a trace id of either form in X-Ray's form; empty if it is neither."""
    try:
        return str(to_xray(to_w3c(text) if "-" in text else text))
    except ValueError:
        return ""


def _body(id_: str, text: str) -> Mapping[str, Any]:
    """Return a document; one that no parser reads is a row that says so."""
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:  # its limit of nesting
        body = _slowly(id_, text)
    return body if isinstance(body, dict) else {}


def _slowly(id_: str, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        return {"id": id_, "name": "nested too deeply to be shown"}
