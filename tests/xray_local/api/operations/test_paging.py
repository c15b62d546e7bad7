import pytest

from xray_local.api.operations import OPERATIONS, paging
from xray_local.errors import ApiError
from xray_local.state.region import Region

PAGED = ["GetGroups", "GetSamplingStatisticSummaries", "ListResourcePolicies"]

INVALID = "NextToken is not valid: expected one from the previous response"


def test_tokens_lead_through_all_pages() -> None:
    """The last page has no token, also if it is full."""
    first, token = paging.page(range(4), None, 2)
    second, end = paging.page(range(4), token, 2)
    assert (first, second, end) == ([0, 1], [2, 3], None)


@pytest.mark.parametrize("position", [-1, 5, True, 1.5, "1", None, []])
def test_a_position_outside_the_list_is_refused(position: object) -> None:
    """Such a token was not issued."""
    with pytest.raises(
        ApiError, match=r"^InvalidRequestException: NextToken is not valid: expected one from the previous response$"
    ):
        paging.page(range(4), paging.encode(position), 2)


@pytest.mark.parametrize("operation", PAGED)
def test_every_paged_operation_refuses_an_unknown_token(region: Region, operation: str) -> None:
    """With the same message."""
    with pytest.raises(ApiError, match=INVALID):
        OPERATIONS[operation](region, {"NextToken": "nonsense"})
