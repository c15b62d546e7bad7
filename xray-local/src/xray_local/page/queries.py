"""What the pages read through the API's operations where it comes in several responses."""

from collections.abc import Iterator
from typing import Any

from xray_local.api.operations import OPERATIONS
from xray_local.state.region import Region


def all_items(operation: str, region: Region, key: str) -> Iterator[dict[str, Any]]:
    """Yield every item of a response that comes in pages."""
    answer = OPERATIONS[operation](region, {})
    yield from answer[key]
    while token := answer.get("NextToken"):
        answer = OPERATIONS[operation](region, {"NextToken": token})
        yield from answer[key]
