from tools import xray_local_api


def test_the_table_in_the_docs_is_up_to_date() -> None:
    """After a new operation or a new botocore: python -m tools.xray_local_api."""
    assert xray_local_api.main(["--check"]) == 0


def test_a_row_says_what_is_built_and_what_is_checked() -> None:
    """Required members, ranges and enums; 501 where there is nothing."""
    rows = xray_local_api.table().splitlines()
    assert (
        "25 of 38 operations are built. The others answer 501 with a message that names the operation. Members are"
        in rows
    )
    assert "| BatchGetTraces | `/Traces` | built | TraceIds* [(1..35)], NextToken |" in rows
    assert "| PutEncryptionConfig | `/PutEncryptionConfig` | built | KeyId (1..3000), Type* (NONE or KMS) |" in rows
    assert any(row.startswith("| GetInsight | `/Insight` | 501 |") for row in rows)
