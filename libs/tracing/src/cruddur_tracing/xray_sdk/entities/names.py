"""Names and annotation keys that X-Ray accepts; others are rewritten with a warning, never dropped."""

import logging
import re
from typing import Final

log = logging.getLogger("aws_xray_sdk.core.models.entity")

_NAME_FORBIDDEN: Final = re.compile(r"[?;*()!$~^<>]")
_KEY_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_]")
_WARNED_MAX: Final = 1_000
_warned_keys: set[str] = set()


def entity_name(name: str) -> str:
    """Return a segment's name without the characters that X-Ray rejects."""
    if not _NAME_FORBIDDEN.search(name):
        return name
    cleaned = _NAME_FORBIDDEN.sub("", name)
    log.warning("the name %r is recorded as %r: X-Ray does not take the other characters", name, cleaned)
    return cleaned


def annotation_key(key: str) -> str:
    """Return an annotation's key with `_` for each character that X-Ray does not index; warn once for each key."""
    if not _KEY_FORBIDDEN.search(key):
        return key
    rewritten = _KEY_FORBIDDEN.sub("_", key)
    if key not in _warned_keys and len(_warned_keys) < _WARNED_MAX:
        _warned_keys.add(key)
        log.warning("the annotation key %r is recorded as %r: X-Ray indexes letters, digits and _", key, rewritten)
    return rewritten
