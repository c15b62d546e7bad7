from tools import xray_local_api


def test_the_table_in_docs_is_current() -> None:
    """To update it: python -m tools.xray_local_api."""
    assert xray_local_api.main(["--check"]) == 0


def test_a_row_has_the_state_and_the_limits_of_an_operation() -> None:
    """Required members, ranges and enums; 501 for what is not implemented."""
    rows = xray_local_api.table().splitlines()
    assert "25 of 38 operations are implemented. The others answer 501 with a message that names the operation." in rows
    assert "| BatchGetTraces | `/Traces` | yes | TraceIds* [(1..35)], NextToken |" in rows
    assert "| PutEncryptionConfig | `/PutEncryptionConfig` | yes | KeyId (1..3000), Type* (NONE or KMS) |" in rows
    assert any(row.startswith("| GetInsight | `/Insight` | no (501) |") for row in rows)
