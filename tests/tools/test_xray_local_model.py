from tools import xray_local_model


def test_the_model_of_xray_local_is_that_of_botocore() -> None:
    """To update it: python -m tools.xray_local_model."""
    assert xray_local_model.main(["--check"]) == 0
