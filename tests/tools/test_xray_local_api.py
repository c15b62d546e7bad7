from tools import xray_local_api


def test_the_table_in_docs_is_current() -> None:
    """To update it: python -m tools.xray_local_api."""
    assert xray_local_api.main(["--check"]) == 0


def test_a_row_has_what_an_operation_does_and_the_limits_of_its_members() -> None:
    """Required members, ranges and enums; what it does is its function's docstring."""
    rows = xray_local_api.table().splitlines()
    does = "Return complete traces with their documents as JSON text"
    assert f"| BatchGetTraces | `/Traces` | {does} | TraceIds* [(1..35)], NextToken |" in rows
    assert any(row.endswith("| KeyId (1..3000), Type* (NONE or KMS) |") for row in rows)
    assert any(row.startswith("| GetInsight | `/Insight` | Refuse the id of an insight") for row in rows)
