"""What readers keep of traces until they change: values of blocks of them, and verdicts of filters."""

from xray_local.state.store.summaries.cache.blocks import SIZES, Blocks, Span, spans

__all__ = ["SIZES", "Blocks", "Span", "spans"]
