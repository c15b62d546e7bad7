"""The traces that are kept while they are looked at."""

import gc

from tests.xray_local.samples import document, trace_id
from xray_local.page.trace.sources import KEPT, Sources
from xray_local.state.region import Region
from xray_local.traces.entries import Entry


def test_a_trace_that_is_no_longer_kept_is_freed_at_once(region: Region) -> None:
    """Whether others were shown since, a document of it arrived, or it was deleted: a trace may have 10,000 rows."""
    numbers = range(1, KEPT + 3)
    region.put([document(number, id_) for number in numbers for id_ in (1, 2)])
    sources = Sources()
    gc.collect()
    gc.disable()
    try:
        before = _entries()
        for number in numbers:
            sources.find(region, trace_id(number))
        assert _entries() - before == 2 * KEPT
        region.put([document(numbers[-1], 3)])
        sources.find(region, trace_id(numbers[-1]))
        assert _entries() - before == 2 * KEPT + 1
        region.store.clear()
        for number in numbers:
            sources.find(region, trace_id(number))
        assert _entries() == before
    finally:
        gc.enable()


def _entries() -> int:
    return sum(isinstance(item, Entry) for item in gc.get_objects())
