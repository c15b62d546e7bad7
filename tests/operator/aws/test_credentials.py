"""boto3 itself with credentials that cannot be used: each is Denied in one line that names the file or the profile."""

from pathlib import Path

import pytest

from xray_operator.aws.boto_gateway import connect
from xray_operator.aws.errors import GatewayError
from xray_operator.reasons import Reason

ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/operator"}
SSO = """
[profile dev]
sso_session = shop
sso_account_id = 111122223333
sso_role_name = reader

[sso-session shop]
sso_start_url = https://shop.awsapps.com/start
sso_region = eu-west-1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with configurations; the environment has no credentials."""
    (tmp_path / "broken").write_text("[profile dev\nregion")
    (tmp_path / "sso").write_text(SSO)
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "DEFAULT_PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            ROLE | {"AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER/token"},
            "cannot read the AWS credentials: FOLDER/token: no such file or directory",
        ),
        (
            ROLE | {"AWS_WEB_IDENTITY_TOKEN_FILE": "FOLDER"},
            "cannot read the AWS credentials: FOLDER: is a directory",
        ),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "FOLDER/token",
            },
            "cannot read the AWS credentials: FOLDER/token: no such file or directory",
        ),
        ({"AWS_PROFILE": "nosuch"}, "The config profile (nosuch) could not be found"),
        ({"AWS_CONFIG_FILE": "FOLDER/broken"}, "Unable to parse config file: FOLDER/broken"),
        ({"AWS_SHARED_CREDENTIALS_FILE": "FOLDER/broken"}, "Unable to parse config file: FOLDER/broken"),
        (
            {"AWS_CONFIG_FILE": "FOLDER/sso", "AWS_PROFILE": "dev"},
            "Error loading SSO Token: Token for shop does not exist",
        ),
    ],
    ids=["token file", "token folder", "pod identity", "profile", "configuration", "credentials file", "SSO"],
)
def test_unusable_credentials_are_denied(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    """Nothing is sent."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("FOLDER", str(folder)))
    with pytest.raises(GatewayError) as raised:
        connect("eu-west-1", "http://127.0.0.1:1").rules()
    assert raised.value.reason is Reason.DENIED
    assert raised.value.message == message.replace("FOLDER", str(folder))


def test_a_token_that_is_mounted_later_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same connection: the next error is that STS cannot be reached."""
    for name, value in ROLE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(folder / "token"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    gateway = connect("eu-west-1", "http://127.0.0.1:1")
    with pytest.raises(GatewayError) as missing:
        gateway.rules()
    (folder / "token").write_text("token")
    with pytest.raises(GatewayError) as refused:
        gateway.rules()
    assert (missing.value.reason, refused.value.reason) == (Reason.DENIED, Reason.UNREACHABLE)
