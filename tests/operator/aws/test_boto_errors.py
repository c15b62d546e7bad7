"""boto3's exceptions by class, status and code: also those of STS, SSO, profiles, files and proxies."""

import botocore.exceptions
import pytest
from botocore.exceptions import ClientError

from xray_operator.aws.boto_errors import translate
from xray_operator.reasons import Reason

STS = "AssumeRoleWithWebIdentity"


def translated(code: str, status: int, message: str = "no", operation: str = "GetSamplingRules") -> tuple[Reason, str]:
    """Return the reason and the message of a response."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = translate(ClientError(response, operation), "http://aws", "get_sampling_rules")
    return error.reason, error.message


@pytest.mark.parametrize(
    ("code", "status", "operation", "reason"),
    [
        ("Throttling", 400, STS, Reason.THROTTLED),
        ("RequestThrottled", 400, "GetSamplingRules", Reason.THROTTLED),
        ("429", 429, "GetSamplingRules", Reason.THROTTLED),
        ("InvalidIdentityToken", 400, STS, Reason.DENIED),
        ("ExpiredTokenException", 400, STS, Reason.DENIED),
        ("IDPRejectedClaim", 403, STS, Reason.DENIED),
        ("ValidationError", 400, STS, Reason.DENIED),
        ("UnauthorizedException", 401, "GetRoleCredentials", Reason.DENIED),
        ("ServiceUnavailable", 503, STS, Reason.UNREACHABLE),
        ("403", 403, "GetSamplingRules", Reason.DENIED),
        ("401", 401, "GetSamplingRules", Reason.DENIED),
        ("407", 407, "GetSamplingRules", Reason.DENIED),
        ("OptInRequired", 403, "GetSamplingRules", Reason.DENIED),
        ("404", 404, "GetSamplingRules", Reason.UNREACHABLE),
        ("502", 502, "GetSamplingRules", Reason.UNREACHABLE),
        ("SignatureDoesNotMatch", 403, "GetSamplingRules", Reason.DENIED),
        ("RequestExpired", 400, "GetSamplingRules", Reason.DENIED),
        ("SomethingNew", 400, "GetSamplingRules", Reason.INVALID),
    ],
)
def test_reason_is_by_code_and_status(code: str, status: int, operation: str, reason: Reason) -> None:
    """A refusal of STS or SSO is about the credentials, whatever its code; the message names that operation."""
    found, message = translated(code, status, operation=operation)
    assert found is reason
    assert message == (f"{code}: no" if operation == "GetSamplingRules" else f"{operation}: {code}: no")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (botocore.exceptions.ProfileNotFound(profile="nosuch"), "The config profile (nosuch) could not be found"),
        (botocore.exceptions.ConfigParseError(path="/x", error="e"), "Unable to parse config file: /x"),
        (
            botocore.exceptions.SSOTokenLoadError(profile_name="dev", error_msg="no token"),
            "Error loading SSO Token: no token",
        ),
        (
            botocore.exceptions.CredentialRetrievalError(provider="custom-process", error_msg="rc 1"),
            "Error when retrieving credentials from custom-process: rc 1",
        ),
        (PermissionError(13, "Permission denied", "/t"), "cannot read the AWS credentials: /t: permission denied"),
        (
            FileNotFoundError(2, "No such file or directory", "/t"),
            "cannot read the AWS credentials: /t: no such file or directory",
        ),
    ],
)
def test_unusable_credentials_are_denied_in_botocore_s_words(error: Exception, message: str) -> None:
    """With the name of the profile or of the file."""
    found = translate(error, "http://aws")
    assert (found.reason, found.message) == (Reason.DENIED, message)


@pytest.mark.parametrize("error", [KeyError("AccessKeyId"), TypeError("x"), RuntimeError("x"), OSError("x")])
def test_any_other_exception_is_unreachable(error: Exception) -> None:
    """A provider of credentials may raise anything."""
    found = translate(error, "http://aws")
    assert found.reason is Reason.UNREACHABLE
    assert found.message == f"cannot reach X-Ray at http://aws: {type(error).__name__}"


def test_other_errors_of_botocore_are_invalid() -> None:
    """Such as a region of the wrong form."""
    found = translate(botocore.exceptions.InvalidRegionError(region_name="x y"), "AWS")
    assert found.reason is Reason.INVALID
    assert "x y" in found.message
